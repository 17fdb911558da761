"""What the client finds out itself: nobody answers, somebody else does, or a job does not end as it should."""


class RegattaError(Exception):
    """Base of every exception that the client raises on purpose."""


class UnreachableError(RegattaError):
    """Nothing answers at the address of the service, or not in time."""


class NotRegattaError(RegattaError):
    """What answers at the address is not Regatta."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class IncompatibleServerError(RegattaError):
    """The service has another major version than the client."""

    def __init__(self, message: str, client_version: str, server_version: str) -> None:
        super().__init__(message)
        self.client_version = client_version
        self.server_version = server_version


class RedirectTargetUnreachable(RegattaError):
    """The service answered with the URL of a file, and the host of that URL cannot be reached from here."""

    def __init__(self, message: str, host: str) -> None:
        super().__init__(message)
        self.host = host


class UploadInterrupted(RegattaError):
    """The bytes of a file could not be sent in full. The same call goes on where it was."""

    def __init__(self, message: str, file_id: str | None = None) -> None:
        super().__init__(message)
        self.file_id = file_id


class JobCancelled(RegattaError):
    """A job that was followed was cancelled, by this caller or another one."""

    def __init__(self, message: str, job_id: str) -> None:
        super().__init__(message)
        self.job_id = job_id


class JobStillRunning(RegattaError):
    """A job was not over within the given seconds; it goes on."""

    def __init__(self, message: str, job_id: str) -> None:
        super().__init__(message)
        self.job_id = job_id
