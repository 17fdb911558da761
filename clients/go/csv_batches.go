package regatta

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// csvBatches divides a CSV between its records. A record that is longer than a batch is a quote that never closes.
type csvBatches struct {
	reader *bufio.Reader
	header []byte
	// whole says that the rest fits one request, and is sent as it is.
	whole, isOver bool
}

func newCSVBatches(reader io.Reader, hasHeader bool) (*csvBatches, error) {
	buffered := bufio.NewReaderSize(reader, batchBytes+1)
	if start, _ := buffered.Peek(2); bytes.Equal(start, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, invalidRequest(err)
		}
		buffered = bufio.NewReaderSize(unpacked, batchBytes+1)
	}
	batches := &csvBatches{reader: buffered}
	start, err := buffered.Peek(batchBytes + 1)
	if err != nil {
		batches.whole = true
		return batches, ignoreEOF(err)
	}
	if bytes.IndexByte(start[:1024], 0) >= 0 {
		return nil, invalidRequest(errors.New("a CSV in UTF-16 is too large for one request; save it as UTF-8, " +
			"or upload it and predict the stored file"))
	}
	if hasHeader {
		batches.header, err = batches.record()
	}
	return batches, err
}

// next returns the next body and how many records it has beside the header; io.EOF after the last.
func (b *csvBatches) next() (body []byte, records int, err error) {
	if b.isOver {
		return nil, 0, io.EOF
	}
	if b.whole {
		b.isOver = true
		body, err = io.ReadAll(b.reader)
		return body, 0, err
	}
	body = bytes.Clone(b.header)
	for records < batchRows && len(body) < batchBytes && !b.isOver {
		record, err := b.record()
		b.isOver = err == io.EOF
		if ignoreEOF(err) != nil {
			return nil, 0, err
		}
		body = append(body, record...)
		if len(record) > 0 {
			records++
		}
	}
	if records == 0 {
		return nil, 0, io.EOF
	}
	return body, records, nil
}

// record returns the next record with its line end: up to one outside of quotes. The last one comes with io.EOF.
func (b *csvBatches) record() ([]byte, error) {
	var record []byte
	quotes := quoteState{atStart: true}
	for {
		line, err := b.reader.ReadSlice('\n')
		record = append(record, line...)
		quotes.pass(line)
		switch {
		case err == bufio.ErrBufferFull || len(record) > batchBytes:
			return nil, invalidRequest(fmt.Errorf("a row has more than %d bytes: does a quote not close?", batchBytes))
		case err != nil || !quotes.isOpen:
			return record, err
		}
	}
}

// A quoteState distinguishes line ends inside of quoted cells from those between records, whatever the delimiter is.
type quoteState struct {
	// isOpen says that a quoted cell goes on, atStart that only blanks stand before the next byte in its cell.
	isOpen, atStart bool
}

// pass reads the bytes of a line. A quote opens a cell at its start only (5" is an inch), and closes it only before a
// delimiter or a line end, so that "" and \" go on.
func (q *quoteState) pass(line []byte) {
	for index := 0; index < len(line); index++ {
		char := line[index]
		switch {
		case q.isOpen && char == '"':
			if index+1 < len(line) && line[index+1] == '"' {
				index++
			} else if closes(line, index) {
				q.isOpen, q.atStart = false, false
			}
		case q.isOpen:
		case char == '"':
			q.isOpen = q.atStart
		default:
			q.atStart = isCellEnd(char) || (q.atStart && char == ' ')
		}
	}
}

// closes reports whether the quote at index of a line ends its cell.
func closes(line []byte, index int) bool {
	if index+1 == len(line) || isCellEnd(line[index+1]) {
		return true
	}
	return line[index+1] == ' ' && index > 0 && line[index-1] != '\\'
}

func isCellEnd(char byte) bool { return bytes.IndexByte([]byte(",;\t|\r\n"), char) >= 0 }

func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// share returns 1 once everything was taken, and 0 before, because the length of a stream is not known.
func (b *csvBatches) share() float64 {
	if b.isOver {
		return 1
	}
	return 0
}
