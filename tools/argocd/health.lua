-- What an object tells of itself, in the words of Argo CD. It agrees with kstatus, and so with Flux, Helm and
-- kubectl wait, except that what is paused is Suspended.
local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    conditions[condition.type] = condition
  end
end

local function holds(name)
  return conditions[name] ~= nil and conditions[name].status == "True"
end

local ready = conditions["Ready"]
-- First of all: what is told of an earlier generation says nothing about this one.
if ready == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "$UNSEEN"}
end
if ready.reason == "$PAUSED_REASON" then
  return {status = "Suspended", message = ready.message}
end
if holds("Stalled") then
  return {status = "Degraded", message = ready.message}
end
if holds("Ready") and not holds("Reconciling") then
  return {status = "Healthy", message = ready.message}
end
return {status = "Progressing", message = ready.message}
