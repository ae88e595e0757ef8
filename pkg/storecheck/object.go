// SPDX-License-Identifier: Apache-2.0

package storecheck

import (
	"fmt"
	"regexp"
	"strings"
)

// Folder is where the objects of checks lie, under the prefix of the store.
const Folder = "checks/"

// Content is what lies there. It is the same at every check, so it does no harm where a store writes over it.
const Content = `{"format": "peernode.dev/store-check", "version": 1}` + "\n"

// Under is the folder of the checks of a store with a prefix.
func Under(prefix string) string {
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		return prefix + "/" + Folder
	}
	return Folder
}

// Object is the name of the object by which a store is tried.
func Object(prefix, name string) string { return Under(prefix) + name }

var plain = regexp.MustCompile(`^[A-Za-z0-9-]{1,128}$`)

// CheckName says why a name cannot be that of an object under Folder.
func CheckName(name string) error {
	if !plain.MatchString(name) {
		return fmt.Errorf("the name %q is not one of up to 128 letters, digits and hyphens", name)
	}
	return nil
}
