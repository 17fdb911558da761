"""`regatta keys rotate-signing` and `verifying`: the keys that models are signed and verified with."""

import typer

from infra.cli.terminal import exit_on_errors, failure, load_settings, use_running_stack, warn

SIGNING_ACTIONS = ("rotate-signing", "verifying")


def use_signing_key(action: str) -> None:
    """Carry out one of `SIGNING_ACTIONS` on the signing key of the settings, or of the running stack."""
    use_running_stack()
    with exit_on_errors():
        if action == "rotate-signing":
            _rotate()
        else:
            from core.storage.signing import keyring, verifying_keys

            typer.echo(verifying_keys(keyring()))


def _rotate() -> None:
    from core.storage.keyring import key_id, public_key
    from core.storage.signing import keyring, verifying_keys
    from infra.local.signing_key import rotated, write_keyring

    chosen, before = load_settings(), keyring()
    if before.seed is None:
        raise failure("No signing key is set, so there is none to rotate. Set REGATTA_SIGNING_KEY_FILE.")
    after = rotated(before)
    if chosen.signing_key_file is not None:
        write_keyring(chosen.signing_key_file, after)
    elif chosen.signing_key_secret is not None:
        import boto3

        boto3.client("secretsmanager").put_secret_value(SecretId=chosen.signing_key_secret, SecretString=after.dump())
    else:
        raise failure("REGATTA_SIGNING_KEY cannot be replaced from here. Put the key into a file first.")
    assert after.seed is not None
    typer.echo(f"Models are signed with key {key_id(public_key(after.seed))} from now on; those of before serve on.")
    warn(
        "Processes that only verify refuse new models until they have this: REGATTA_VERIFYING_KEYS="
        + verifying_keys(after)
    )
