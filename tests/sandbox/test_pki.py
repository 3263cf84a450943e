"""The keys and certificates of a control plane."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from sandbox.control_plane import pki


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_private_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    pki.create(tmp_path)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("*.key")}
    assert set(modes.values()) == {0o600}
    assert len(modes) == 6


def test_a_client_is_a_user_with_its_groups_vouched_for_by_the_authority(tmp_path: Path) -> None:
    made = pki.create(tmp_path)
    authority = _certificate(made.ca.public)
    found = {}
    for user, pair in made.clients.items():
        certificate = _certificate(pair.public)
        certificate.verify_directly_issued_by(authority)
        groups = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        found[user] = (name.value, [group.value for group in groups])
    assert found == {
        "admin": ("admin", ["system:masters"]),
        "system:kube-controller-manager": ("system:kube-controller-manager", []),
        "system:kube-scheduler": ("system:kube-scheduler", []),
    }


def test_the_server_answers_to_the_names_that_clients_use(tmp_path: Path) -> None:
    certificate = _certificate(pki.create(tmp_path).server.public)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "kubernetes", "kubernetes.default.svc"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "10.0.0.1"]


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    pki.create(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(FileExistsError):
        pki.create(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
