"""The scripts as Argo CD runs them: in a Lua with the same few libraries, on the same tables."""

from collections.abc import Mapping
from typing import Any

from lupa.lua51 import LuaRuntime

from tools.argocd import NOW

# What Argo CD opens (util/lua/lua.go, VM.runLua): package, base, table, and a module os that only tells the
# time, which is no global. All else of Lua goes; a method of a text would be one of its library.
_SHUT = """
local known = {package = true, table = true, _G = true}
for _, name in ipairs({"assert", "collectgarbage", "error", "getfenv", "getmetatable", "ipairs", "load",
    "loadstring", "next", "pairs", "pcall", "print", "rawequal", "rawget", "rawset", "require", "select",
    "setfenv", "setmetatable", "tonumber", "tostring", "type", "unpack", "xpcall", "_VERSION"}) do
  known[name] = true
end
getmetatable("").__index = nil
package.preload.os = function() return {time = time, date = date} end
package.path, package.cpath = "", ""
for name in pairs(package.loaded) do
  if not known[name] then
    package.loaded[name] = nil
  end
end
for name in pairs(_G) do
  if not known[name] then
    _G[name] = nil
  end
end
"""


class Vm:
    """One Lua, for one script and one object. `now`: what its clock says, in the place of the time."""

    def __init__(self, now: str | None = NOW) -> None:
        self._lua = LuaRuntime(register_eval=False, register_builtins=False)
        self._lua.execute(
            f"local time, date = os.time, {'function() return now end' if now else 'os.date'}\n{_SHUT}"
        )
        if now:
            self._lua.globals().now = now

    def run(self, script: str, obj: Mapping[str, Any]) -> Any:
        """Return what the script returns of the object, as JSON has it."""
        self._lua.globals().obj = self._lua.table_from(obj, recursive=True)
        return _json(self._lua.execute(script))


def acted(script: str, obj: Mapping[str, Any], now: str | None = NOW) -> Any:
    """Return the object after an action: of empty tables the object says whether they are lists."""
    return _cleaned(Vm(now).run(script, obj), obj)


def _json(value: Any) -> Any:
    """Encode as Argo CD does: an empty table is a list."""
    if not hasattr(value, "items"):
        return value
    entries = dict(value.items())
    if set(entries) == set(range(1, len(entries) + 1)):
        return [_json(entries[n]) for n in sorted(entries)]
    return {key: _json(entry) for key, entry in entries.items()}


def _cleaned(new: Any, old: Any) -> Any:
    """Undo what the encoding did to empty objects, as cleanReturnedObj in util/lua/lua.go does."""
    if isinstance(new, dict) and isinstance(old, Mapping):
        return {key: _cleaned(value, old.get(key)) for key, value in new.items()}
    if isinstance(new, list) and isinstance(old, list):
        return [_cleaned(value, old[n] if n < len(old) else None) for n, value in enumerate(new)]
    return {} if new == [] and isinstance(old, Mapping) else new
