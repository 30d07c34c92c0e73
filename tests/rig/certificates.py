"""Certificates as servers have them in the wild: good, expired, for another host."""

import dataclasses
import datetime
import ssl
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# Where distributions keep the authorities that the system trusts.
SYSTEM_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/cert.pem")

LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)


@dataclasses.dataclass(frozen=True)
class Certificate:
    """A server's certificate chain and its private key, as PEM files."""

    cert_path: Path
    key_path: Path


class CertificateAuthority:
    """An authority of the rig's own, which no system trusts unless it is told to.

    An authority whose files are in ``directory`` already is a new one all the same:
    certificates of an earlier run are not trusted by a later one.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._authority = trustme.CA(organization_name="mail_gateway_plus test rig")
        self._issued = 0
        self.pem_path = directory / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.pem_path))

    def issue(self, *hostnames: str, expired: bool = False) -> Certificate:
        """Return a new certificate for host names and addresses."""
        leaf = self._authority.issue_cert(
            *hostnames, not_after=LONG_AGO if expired else None
        )
        chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        return self._write(chain, leaf.private_key_pem.bytes())

    def self_signed(self, *hostnames: str) -> Certificate:
        """Return a certificate that vouches for itself, as fresh appliances have."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hostnames[0])])
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=365))
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName(h) for h in hostnames]),
                critical=False,
            )
            .sign(key, hashes.SHA256())
        )
        return self._write(
            certificate.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )

    def trusted_bundle(self) -> Path:
        """Return a file of the system's authorities and this one.

        As ``SSL_CERT_FILE`` it makes Python's default verification accept the rig's
        servers and, as before, every public one.
        """
        bundle = self.directory / "trusted.pem"
        known = [Path(name) for name in SYSTEM_BUNDLES if Path(name).exists()]
        texts = [path.read_bytes() for path in [*known[:1], self.pem_path]]
        bundle.write_bytes(b"\n".join(texts))
        return bundle

    def client_context(self) -> ssl.SSLContext:
        """Return a context that trusts this authority and nobody else."""
        return ssl.create_default_context(cafile=str(self.pem_path))

    def _write(self, chain: bytes, key: bytes) -> Certificate:
        """Write one certificate's two files; the key is for its owner only."""
        self._issued += 1
        cert_path = self.directory / f"server-{self._issued}.pem"
        key_path = self.directory / f"server-{self._issued}.key"
        cert_path.write_bytes(chain)
        key_path.touch(mode=0o600)
        key_path.write_bytes(key)
        return Certificate(cert_path, key_path)
