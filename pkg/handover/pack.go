// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/peernode/operator/pkg/seal"
)

// fieldSealed is where an envelope has its age files.
const fieldSealed = "sealed"

// pack makes an envelope small. Compression does little for the age files in their base64, which stand on base64
// again, and much for them as they are: so they follow the document, which says how long they are.
func pack(envelope []byte) ([]byte, error) {
	var document map[string]json.RawMessage
	var files map[string][]byte
	if err := errors.Join(json.Unmarshal(envelope, &document), json.Unmarshal(document[fieldSealed], &files)); err != nil {
		return nil, err
	}
	lengths := map[string]int{}
	var after []byte
	for _, name := range slices.Sorted(maps.Keys(files)) {
		lengths[name] = len(files[name])
		after = append(after, files[name]...)
	}
	if err := set(document, lengths); err != nil {
		return nil, err
	}
	head, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	return deflate(slices.Concat(head, []byte{'\n'}, after))
}

// unpack returns the envelope in JSON, of which nothing is known but that it is one document.
func unpack(packed []byte) ([]byte, error) {
	plain, err := inflate(packed)
	if err != nil {
		return nil, err
	}
	head, after, _ := bytes.Cut(plain, []byte{'\n'})
	var document map[string]json.RawMessage
	var lengths map[string]int
	if err := json.Unmarshal(head, &document); err != nil {
		return nil, errors.New("there is no envelope in it")
	}
	if err := json.Unmarshal(document[fieldSealed], &lengths); err != nil {
		return nil, errors.New("it does not say how long what is sealed is")
	}
	files := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(lengths)) {
		n := lengths[name]
		if n < 0 || n > len(after) {
			return nil, errors.New("less is sealed in it than it says")
		}
		files[name], after = after[:n], after[n:]
	}
	if len(after) > 0 {
		return nil, errors.New("more is sealed in it than it says")
	}
	if err := set(document, files); err != nil {
		return nil, err
	}
	return json.Marshal(document)
}

func set(document map[string]json.RawMessage, sealed any) error {
	raw, err := json.Marshal(sealed)
	document[fieldSealed] = raw
	return err
}

func deflate(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// inflate stops at what no envelope has, whatever a few bytes would grow to.
func inflate(packed []byte) ([]byte, error) {
	from := bytes.NewReader(packed)
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(from), seal.MaxSize+1))
	if err != nil {
		return nil, errors.New("it cannot be decompressed")
	}
	if len(plain) > seal.MaxSize {
		return nil, fmt.Errorf("it holds more than the %d bytes of an envelope", seal.MaxSize)
	}
	if from.Len() > 0 {
		return nil, errors.New("something follows it")
	}
	return plain, nil
}
