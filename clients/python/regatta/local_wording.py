"""The messages of the service in the words of `regatta.local`, where what is sent to a service is an option."""

import re

RECIPE = re.compile(r'POST /data/process with "(\w+)": ')
READING = re.compile(r"send (\w+=\w+(?: or \w+=\w+)*) with PATCH /data/files/\{file_id\}/reading")


def in_options(message: str) -> str:
    """Return a note or a warning that names options, such as `columns=`, in the place of requests."""
    message = RECIPE.sub(r"the option \1=", message)
    return READING.sub(lambda request: "give " + re.sub(r"=(\w+)", r'="\1"', request[1]), message)
