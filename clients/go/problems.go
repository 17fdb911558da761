package regatta

import "strings"

const problemPrefix = "urn:regatta:problem:"

// A ProblemType is the kind of an [*Error], and itself an error for errors.Is. A later version of the service may have
// types that are not listed here.
type ProblemType string

// Error returns the name of the type.
func (p ProblemType) Error() string { return "regatta: " + string(p) }

// UnmarshalText reads a type without the prefix of its URN.
func (p *ProblemType) UnmarshalText(text []byte) error {
	*p = ProblemType(strings.TrimPrefix(string(text), problemPrefix))
	return nil
}

// What this client finds out by itself.
const (
	// ErrUnreachable says that no service answers at the base URL.
	ErrUnreachable ProblemType = "unreachable"
	// ErrNotRegatta says that something else than Regatta answers there: another service, or a proxy's page.
	ErrNotRegatta ProblemType = "not-regatta"
	// ErrIncompatibleServer says that the service has another major version (before 1.0: another minor version).
	ErrIncompatibleServer ProblemType = "incompatible-server"
	// ErrUnauthorized says that the key is missing or wrong (401, 403).
	ErrUnauthorized ProblemType = "unauthorized"
	// ErrRedirectTarget says that a file could not be fetched from, or sent to, the host of a presigned URL.
	ErrRedirectTarget ProblemType = "redirect-target"
	// ErrJobCancelled says that somebody cancelled the job that a call was waiting for.
	ErrJobCancelled ProblemType = "job-cancelled"
)

// The types of the service's problem documents.
const (
	ErrBadRequest           ProblemType = "bad-request"
	ErrBadSignature         ProblemType = "bad-signature"
	ErrForbidden            ProblemType = "forbidden"
	ErrForeignPage          ProblemType = "foreign-page"
	ErrNoSuchFile           ProblemType = "no-such-file"
	ErrNoCurrentFile        ProblemType = "no-current-file"
	ErrNoSuchModel          ProblemType = "no-such-model"
	ErrNoSuchJob            ProblemType = "no-such-job"
	ErrNoSuchSeries         ProblemType = "no-such-series"
	ErrNoEvaluation         ProblemType = "no-evaluation"
	ErrNoSuchRoute          ProblemType = "no-such-route"
	ErrMethodNotAllowed     ProblemType = "method-not-allowed"
	ErrConflict             ProblemType = "conflict"
	ErrIncompleteUpload     ProblemType = "incomplete-upload"
	ErrIdempotencyKeyInUse  ProblemType = "idempotency-key-in-use"
	ErrModelServes          ProblemType = "model-serves"
	ErrNameTaken            ProblemType = "name-taken"
	ErrNewerFormat          ProblemType = "newer-format"
	ErrOtherLibraries       ProblemType = "other-libraries"
	ErrSlowBody             ProblemType = "slow-body"
	ErrTooLarge             ProblemType = "too-large"
	ErrUnsupportedEncoding  ProblemType = "unsupported-encoding"
	ErrNotACSV              ProblemType = "not-a-csv"
	ErrUnreadableContainer  ProblemType = "unreadable-container"
	ErrUnknownColumn        ProblemType = "unknown-column"
	ErrBadTarget            ProblemType = "bad-target"
	ErrUnknownModelType     ProblemType = "unknown-model-type"
	ErrBadParameter         ProblemType = "bad-parameter"
	ErrNotEnoughRows        ProblemType = "not-enough-rows"
	ErrArrivalRefused       ProblemType = "arrival-refused"
	ErrIdempotencyKeyReused ProblemType = "idempotency-key-reused"
	ErrInvalidInput         ProblemType = "invalid-input"
	ErrInvalidRecords       ProblemType = "invalid-records"
	ErrTrainingFailed       ProblemType = "training-failed"
	ErrStorageUnavailable   ProblemType = "storage-unavailable"
	ErrDeadlineExceeded     ProblemType = "deadline-exceeded"
	ErrWorkerEnded          ProblemType = "worker-ended"
	ErrOutcomeUnknown       ProblemType = "outcome-unknown"
	ErrJobTimedOut          ProblemType = "job-timed-out"
	ErrDamagedDocument      ProblemType = "damaged-document"
	ErrInternal             ProblemType = "internal"
	ErrTooManyRequests      ProblemType = "too-many-requests"
	ErrTimedOut             ProblemType = "timed-out"
)
