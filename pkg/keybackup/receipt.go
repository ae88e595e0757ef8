// SPDX-License-Identifier: Apache-2.0

package keybackup

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Format and Version tell a receipt from whatever else a container leaves behind.
const (
	Format  = "peernode.dev/key-backup"
	Version = "v1"
)

const (
	// maxObject is the longest name that S3 takes.
	maxObject = 1024
	// maxMessage is more than a receipt has, and less than the kubelet keeps.
	maxMessage = 2048
)

// Receipt says that a copy of an envelope lies in a bucket.
type Receipt struct {
	// Object is its name in the bucket.
	Object string
	// SHA256 is that of the envelope's text, in hexadecimal digits.
	SHA256 string
	// ReadBack says that the object was read again and is the envelope, byte for byte.
	ReadBack bool
}

// Message is the receipt as the pod leaves it.
func (r Receipt) Message() string {
	readBack := "no"
	if r.ReadBack {
		readBack = "yes"
	}
	return fmt.Sprintf("%s %s sha256:%s read-back:%s %s", Format, Version, r.SHA256, readBack, r.Object)
}

// pattern is what follows format and version.
var pattern = regexp.MustCompile(`^sha256:([0-9a-f]{64}) read-back:(yes|no) ([A-Za-z0-9!_.*'()/-]+)$`)

// Parse reads a receipt. It repeats nothing of what it reads: it comes from a pod, and will be shown.
func Parse(message string) (Receipt, error) {
	if len(message) > maxMessage {
		return Receipt{}, fmt.Errorf("it is longer than %d bytes, so it is no receipt of a copy", maxMessage)
	}
	rest, ok := strings.CutPrefix(message, Format+" ")
	if !ok {
		return Receipt{}, fmt.Errorf("it does not begin with %s, so it is no receipt of a copy", Format)
	}
	rest, ok = strings.CutPrefix(rest, Version+" ")
	if !ok {
		return Receipt{}, fmt.Errorf("it is of another version than %s; use operator and companion of one release", Version)
	}
	found := pattern.FindStringSubmatch(rest)
	if found == nil {
		return Receipt{}, errors.New("it is damaged or cut off")
	}
	r := Receipt{Object: found[3], SHA256: found[1], ReadBack: found[2] == "yes"}
	if err := r.checkObject(); err != nil {
		return Receipt{}, err
	}
	return r, nil
}

// checkObject refuses a name that Object would not have made. Whose envelope it names is left to who knows what was
// ordered.
func (r Receipt) checkObject() error {
	if len(r.Object) > maxObject || checkSteps(r.Object) != nil {
		return errors.New("it names an object that no bucket can hold")
	}
	if !strings.HasSuffix(r.Object, "-"+r.SHA256[:digitsInName]+".json") {
		return errors.New("it names an object of another checksum than its own")
	}
	return nil
}
