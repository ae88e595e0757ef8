// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Format and Version tell a message from whatever else a container leaves behind.
const (
	Format  = "peernode.dev/key-handover"
	Version = "v1"
)

// PartName is what the container that hands over a part is named, and the file in which it finds it: part-2 and so
// on. The first part is handed over by who makes the key.
func PartName(part int) string { return fmt.Sprintf("part-%d", part) }

// Check says why a text is no message that Join could use.
func Check(text string) error {
	_, err := parse(text)
	return err
}

// message is one part.
type message struct {
	// part counts from 1.
	part, of int
	// sum is that of the envelope's text, in hexadecimal digits.
	sum, letters string
}

func (m message) String() string {
	return fmt.Sprintf("%s %s part %d/%d sha256:%s %s", Format, Version, m.part, m.of, m.sum, m.letters)
}

// pattern is what follows format and version.
var pattern = regexp.MustCompile(`^part ([1-9])/([1-9]) sha256:([0-9a-f]{64}) ([A-Za-z0-9+/]+)$`)

// parse repeats nothing of what it reads: it comes from a pod, and will be shown.
func parse(text string) (message, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), Format+" ")
	if !ok {
		return message{}, fmt.Errorf("it does not begin with %s, so it holds no part of a key", Format)
	}
	rest, ok = strings.CutPrefix(rest, Version+" ")
	if !ok {
		return message{}, fmt.Errorf("it is of another version than %s; use operator and companion of one release", Version)
	}
	found := pattern.FindStringSubmatch(rest)
	if found == nil {
		return message{}, errors.New("it is damaged or cut off")
	}
	m := message{sum: found[3], letters: found[4]}
	// One digit each.
	m.part, _ = strconv.Atoi(found[1])
	m.of, _ = strconv.Atoi(found[2])
	if m.of > MaxParts || m.part > m.of {
		return message{}, fmt.Errorf("there is no part %d of %d: an envelope has 1 to %d", m.part, m.of, MaxParts)
	}
	return m, nil
}
