// SPDX-License-Identifier: Apache-2.0

// Package smallfile reads files that are known to be small: keys, certificates, tokens. Whatever else lies, or hangs, in
// their place does not fill the memory.
package smallfile

import (
	"fmt"
	"io"
	"os"
)

// Max is the size, in bytes, up to which a file is read. No key, certificate or token comes near it.
const Max = 64 << 10

// Read reads the file, and fails for one that is larger than Max.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, Max+1))
	if err == nil && len(content) > Max {
		return nil, fmt.Errorf("%s is larger than %d bytes; this is no key, certificate or token", path, Max)
	}
	return content, err
}
