"""The volumes of a pod as directories here, and its variables: what a kubelet would give the containers."""

import base64
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError

Object = dict[str, Any]


class Volumes:
    """What the volumes of a pod have in them, as the API server has it now."""

    def __init__(self, plane: ControlPlane, pod: Object) -> None:
        self._plane, self._pod = plane, pod
        self._namespace = pod["metadata"]["namespace"]

    def mount(self, container: Object, directory: Path) -> dict[str, Path]:
        """Write the volumes that the container mounts below the directory; return where, by mountPath.

        Raises SandboxError for a volume of a kind that is not known here, and for a source that is not there.
        """
        sources = {volume["name"]: volume for volume in self._pod["spec"].get("volumes", [])}
        mounted = {}
        for mount in container.get("volumeMounts", []):
            target = directory / mount["name"]
            target.mkdir(parents=True, exist_ok=True)
            for path, content in self._files(sources[mount["name"]]).items():
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                (target / path).write_bytes(content)
            mounted[mount["mountPath"]] = target
        return mounted

    def variables(self, container: Object) -> dict[str, str]:
        """The variables of the container's environment that the pod names.

        Raises SandboxError for a value from a source that is not known here, or not there.
        """
        return {entry["name"]: self._value(entry) for entry in container.get("env", [])}

    def _value(self, entry: Object) -> str:
        source = entry.get("valueFrom")
        if source is None:
            return str(entry.get("value", ""))
        if "fieldRef" in source:
            return self._field(source["fieldRef"])
        for kind, of in (("secretKeyRef", self._secret), ("configMapKeyRef", self._config_map)):
            if kind in source:
                return of(source[kind])[source[kind]["key"]].decode()
        raise SandboxError(f"The sandbox knows no variable {entry['name']} from {', '.join(source)}.")

    def _files(self, source: Object) -> dict[str, bytes]:
        """The files of a volume, or of one source of a projected one."""
        kinds: dict[str, Callable[[Object], dict[str, bytes]]] = {
            "emptyDir": lambda _: {},
            "configMap": self._config_map,
            "secret": self._secret,
            "downwardAPI": self._downward,
            "serviceAccountToken": self._token,
            "projected": self._projected,
        }
        (kind,) = source.keys() - {"name"}
        if kind not in kinds:
            raise SandboxError(f"The sandbox knows no volume of the kind {kind}.")
        return kinds[kind](source[kind])

    def _projected(self, volume: Object) -> dict[str, bytes]:
        files: dict[str, bytes] = {}
        for source in volume["sources"]:
            files |= self._files(source)
        return files

    def _config_map(self, source: Object) -> dict[str, bytes]:
        found = self._read("configmaps", source["name"])
        return _chosen({key: text.encode() for key, text in found.get("data", {}).items()}, source)

    def _secret(self, source: Object) -> dict[str, bytes]:
        found = self._read("secrets", source.get("secretName") or source["name"])
        return _chosen({key: base64.b64decode(text) for key, text in found.get("data", {}).items()}, source)

    def _downward(self, source: Object) -> dict[str, bytes]:
        return {item["path"]: self._field(item["fieldRef"]).encode() for item in source["items"]}

    def _token(self, source: Object) -> dict[str, bytes]:
        audience = (f"--audience={source['audience']}",) if "audience" in source else ()
        account = self._pod["spec"]["serviceAccountName"]
        token = self._plane.kubectl_run(
            "create", "token", account, f"--namespace={self._namespace}", *audience
        )
        return {source["path"]: token.strip().encode()}

    def _read(self, resource: str, name: str) -> Object:
        found: Object | None = self._plane.read(f"/api/v1/namespaces/{self._namespace}/{resource}/{name}")
        if found is None:
            pod = self._pod["metadata"]["name"]
            raise SandboxError(f"Pod {pod} cannot start: there is no {resource} {self._namespace}/{name}.")
        return found

    def _field(self, reference: Object) -> str:
        """A field of the pod, such as ``metadata.name`` or ``metadata.labels['app']``."""
        found: Any = self._pod
        for plain, quoted in re.findall(r"(\w+)|\['([^']+)'\]", reference["fieldPath"]):
            found = found[plain or quoted]
        return str(found)


def _chosen(content: Mapping[str, bytes], source: Object) -> dict[str, bytes]:
    """What a volume takes of a ConfigMap or Secret: the items that it names, or all."""
    items = source.get("items")
    return dict(content) if items is None else {item["path"]: content[item["key"]] for item in items}
