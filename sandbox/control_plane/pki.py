"""The certificates and keys of one control plane: one authority, made anew for each start."""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ADMIN = "admin"
CONTROLLER_MANAGER = "system:kube-controller-manager"
SCHEDULER = "system:kube-scheduler"

_LIFETIME = dt.timedelta(days=30)
# The clocks of whoever made and whoever checks a certificate may differ a little.
_LEEWAY = dt.timedelta(hours=1)
_CURVE = ec.SECP256R1()


@dataclass(frozen=True)
class KeyPair:
    """Paths of a certificate (or, for service accounts, a public key) and its private key, both PEM."""

    public: Path
    private: Path


@dataclass(frozen=True)
class Pki:
    """Where everything lies: ``ca.crt``, ``ca.key``, ``server.*``, ``service-account.*`` and the clients."""

    ca: KeyPair
    server: KeyPair
    service_account: KeyPair
    clients: dict[str, KeyPair]


@dataclass(frozen=True)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def create(directory: Path) -> Pki:
    """Make all keys and certificates in ``directory``; private keys can be read by their owner only.

    The API server takes a client's common name as the user and its organisations as groups:
    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates
    Raises FileExistsError if there are keys already.
    """
    directory.mkdir(parents=True, exist_ok=True)
    authority, ca = _authority(directory)
    users = {ADMIN: ["system:masters"], CONTROLLER_MANAGER: [], SCHEDULER: []}
    return Pki(
        ca=ca,
        server=_server(authority, directory),
        service_account=_service_account(directory),
        clients={user: _client(authority, directory, user, groups) for user, groups in users.items()},
    )


def _authority(directory: Path) -> tuple[_Authority, KeyPair]:
    key = ec.generate_private_key(_CURVE)
    name = _name("headrace-sandbox")
    usage = _usage(digital_signature=True, key_cert_sign=True)
    builder = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    certificate = builder.sign(key, hashes.SHA256())
    return _Authority(key, certificate), _write(directory, "ca", key, certificate)


def _server(authority: _Authority, directory: Path) -> KeyPair:
    names: list[x509.GeneralName] = [
        *(x509.DNSName(name) for name in ("localhost", "kubernetes", "kubernetes.default.svc")),
        # The second is the address of the Service "kubernetes", the first of the range of services.
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "10.0.0.1")),
    ]
    extensions = [
        x509.SubjectAlternativeName(names),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
    ]
    key, certificate = _issue(authority, _name("kube-apiserver"), extensions)
    return _write(directory, "server", key, certificate)


def _client(authority: _Authority, directory: Path, user: str, groups: Sequence[str]) -> KeyPair:
    extensions = [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])]
    key, certificate = _issue(authority, _name(user, groups), extensions)
    return _write(directory, user.removeprefix("system:"), key, certificate)


def _service_account(directory: Path) -> KeyPair:
    """The keys with which tokens of service accounts are signed and checked: no certificate, a key alone."""
    key = ec.generate_private_key(_CURVE)
    public = directory / "service-account.pub"
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return KeyPair(public, _write_key(directory, "service-account", key))


def _issue(
    authority: _Authority, subject: x509.Name, extensions: Sequence[x509.ExtensionType]
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(_CURVE)
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = (
        _builder(subject, authority.certificate.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(issuer_key, critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return key, builder.sign(authority.key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LEEWAY)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _usage(*, digital_signature: bool, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str, organisations: Sequence[str] = ()) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in organisations]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _write(
    directory: Path, stem: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> KeyPair:
    # The key first: it is never overwritten, and so neither is what belongs to it.
    private = _write_key(directory, stem, key)
    public = directory / f"{stem}.crt"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return KeyPair(public, private)


def _write_key(directory: Path, stem: str, key: ec.EllipticCurvePrivateKey) -> Path:
    path = directory / f"{stem}.key"
    # Made empty with its mode first: a key is never there with a wider one.
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path
