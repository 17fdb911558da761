package regatta

import (
	"bytes"
	"io"
	"mime/multipart"
	"os"
)

// spooled keeps what reader has in memory if it fits one request, else in a temporary file.
func spooled(reader io.Reader, name string) (*source, error) {
	start, err := io.ReadAll(io.LimitReader(reader, oneRequestBytes+1))
	if err != nil {
		return nil, err
	}
	if len(start) <= oneRequestBytes {
		return &source{ReaderAt: bytes.NewReader(start), name: name, size: int64(len(start)), close: func() {}}, nil
	}
	file, err := os.CreateTemp("", "regatta-")
	if err != nil {
		return nil, err
	}
	remove := func() {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}
	size, err := io.Copy(file, io.MultiReader(bytes.NewReader(start), reader))
	if err != nil {
		remove()
		return nil, err
	}
	return &source{ReaderAt: file, name: name, size: size, close: remove}, nil
}

// A form is a multipart body whose last part is a file; it is never in memory as a whole.
type form struct {
	contentType string
	size        int64
	head, tail  []byte
	file        *source
}

// newForm returns a form of these fields in their order, and then the file.
func newForm(fields [][2]string, file *source) (*form, error) {
	var head bytes.Buffer
	writer := multipart.NewWriter(&head)
	for _, field := range fields {
		if err := writer.WriteField(field[0], field[1]); err != nil {
			return nil, err
		}
	}
	if _, err := writer.CreateFormFile("file", file.name); err != nil {
		return nil, err
	}
	tail := []byte("\r\n--" + writer.Boundary() + "--\r\n")
	size := int64(head.Len()) + file.size + int64(len(tail))
	return &form{writer.FormDataContentType(), size, head.Bytes(), tail, file}, nil
}

// open returns the body from its beginning.
func (f *form) open() (io.Reader, error) {
	file := io.NewSectionReader(f.file, 0, f.file.size)
	return io.MultiReader(bytes.NewReader(f.head), file, bytes.NewReader(f.tail)), nil
}
