-- Which actions make sense for an object as it is now.
local annotations = obj.metadata.annotations or {}
local paused = annotations["$PAUSED"] == "true"
local adopting = annotations["$ADOPT"] == "true"
local not_ours = false
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    if condition.type == "Ready" and condition.reason == "$NOT_OURS" then
      not_ours = true
    end
  end
end

local actions = {}
