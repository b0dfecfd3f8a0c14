"""A secret is a secret by its value."""

import pytest

from llmlab.spine.privacy import is_secret


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("TOKENIZER_LIBRARY", "transformers", False), ("KEYBOARD", "abcdefgh12345", False), ("MAX_TOKENS", "100000000", False), ("SSH_KEY_FILE", "/home/me/.ssh/id_rsa", False), ("TOKEN_URL", "https://a.example/token", False),
        ("DEFAULT_TOKEN", "conversations", False), ("MY_API_KEY", "abcd1234efgh5678", True), ("DB_PASSWORD", "correct horse battery", True), ("WANDB_API_KEY", "0123456789abcdef0123456789abcdef01234567", True),
        ("HARMLESS", "hf_" + "aB3" * 12, True), ("ANYTHING", "sk-" + "aB3" * 12, True), ("HOME", "/home/me", False), ("SECRET", "short", False), ("MYAPIKEY", "abcd1234efgh5678", True), ("githubToken", "a1b2c3d4e5f6a7b8c9d0", True),
    ],
)  # fmt: skip
def test_is_secret(name, value, secret):
    assert is_secret(name, value) == secret
