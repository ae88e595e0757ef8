// SPDX-License-Identifier: Apache-2.0

// Package keys reads the sealing keys that are mounted into the unsealer.
package keys

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/peernode/operator/cmd/internal/smallfile"
	"github.com/peernode/operator/pkg/sealingkey"
)

// Read reads the keys of a folder, in which each has a folder that is named by its number. One that cannot be read is
// an error: without it, peers whose keys are sealed to it would not start.
func Read(folder string) (sealingkey.Ring, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("read the sealing keys: %w", err)
	}
	var numbers []int
	for _, e := range entries {
		number, err := strconv.Atoi(e.Name())
		if err == nil && number > 0 && strconv.Itoa(number) == e.Name() {
			numbers = append(numbers, number)
		}
	}
	if len(numbers) == 0 {
		return nil, fmt.Errorf("there is no sealing key in %s; mount the Secret %s as %s", folder, sealingkey.SecretName(1), filepath.Join(folder, "1"))
	}
	var found []sealingkey.Key
	for _, number := range numbers {
		key, err := readKey(filepath.Join(folder, strconv.Itoa(number)))
		if err == nil && key.Number() != number {
			err = fmt.Errorf("this is the Secret of sealing key %d; mount %s here", key.Number(), sealingkey.SecretName(number))
		}
		if err != nil {
			return nil, fmt.Errorf("sealing key %d: %w", number, err)
		}
		found = append(found, key)
	}
	return sealingkey.NewRing(found...)
}

func readKey(folder string) (sealingkey.Key, error) {
	files := map[string][]byte{}
	for _, name := range []string{sealingkey.FileIdentity, sealingkey.FileCA, sealingkey.FileCAKey} {
		content, err := smallfile.Read(filepath.Join(folder, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return sealingkey.Key{}, err
		}
		files[name] = content
	}
	return sealingkey.Read(files)
}
