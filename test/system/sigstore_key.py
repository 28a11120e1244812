"""sigstore_key.py PREFIX PASSPHRASE: a pair of keys as sigstore makes them, PREFIX.key (sealed) and PREFIX.pub."""
import base64
import hashlib
import json
import os
import subprocess
import sys

import nacl.secret

prefix, passphrase = sys.argv[1], sys.argv[2].encode()
pem = subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"], check=True, capture_output=True).stdout
der = subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-outform", "DER"], input=pem, check=True, capture_output=True).stdout
with open(prefix + ".pub", "wb") as f:
    f.write(subprocess.run(["openssl", "ec", "-pubout"], input=pem, check=True, capture_output=True).stdout)
salt, nonce = os.urandom(32), os.urandom(24)
key = hashlib.scrypt(passphrase, salt=salt, n=32768, r=8, p=1, maxmem=128 << 20, dklen=32)
box = nacl.secret.SecretBox(key).encrypt(der, nonce).ciphertext
b64 = lambda b: base64.b64encode(b).decode()
sealed = {"kdf": {"name": "scrypt", "params": {"N": 32768, "r": 8, "p": 1}, "salt": b64(salt)},
          "cipher": {"name": "nacl/secretbox", "nonce": b64(nonce)}, "ciphertext": b64(box)}
body = b64(json.dumps(sealed).encode())
with open(prefix + ".key", "w") as f:
    f.write("-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n")
    f.write("".join(body[i:i + 64] + "\n" for i in range(0, len(body), 64)))
    f.write("-----END ENCRYPTED COSIGN PRIVATE KEY-----\n")
