if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["$ANNOTATION"] = $VALUE
return obj
