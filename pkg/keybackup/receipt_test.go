// SPDX-License-Identifier: Apache-2.0

package keybackup_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/keybackup"
)

const (
	zeros  = "0000000000000000000000000000000000000000000000000000000000000000"
	object = "berlin/keys/peers/alpha/1-12D3KooWA-0000000000000000.json"
	head   = "peernode.dev/key-backup v1 sha256:" + zeros + " read-back:"
)

func TestAReceiptIsOneLineThatIsReadAgain(t *testing.T) {
	for want, r := range map[string]keybackup.Receipt{
		head + "yes " + object: {Object: object, SHA256: zeros, ReadBack: true},
		head + "no " + object:  {Object: object, SHA256: zeros},
	} {
		if got := r.Message(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		got, err := keybackup.Parse(r.Message())
		if diff := cmp.Diff(r, got); diff != "" || err != nil {
			t.Errorf("%v (-before +after):\n%s", err, diff)
		}
	}
}

func TestWhatIsNoReceiptIsRefusedWithAReason(t *testing.T) {
	good := head + "yes " + object
	for name, c := range map[string]struct{ message, says string }{
		"Nothing.":                       {"", "it does not begin with peernode.dev/key-backup"},
		"An error of the program.":       {"error: xyz", "it does not begin with"},
		"A later version.":               {strings.Replace(good, " v1 ", " v2 ", 1), "it is of another version than v1"},
		"A version that begins alike.":   {strings.Replace(good, " v1 ", " v10 ", 1), "it is of another version than v1"},
		"A receipt cut off.":             {good[:len(head)+3], "damaged or cut off"},
		"A name cut off.":                {good[:len(good)-1], "an object of another checksum than its own"},
		"No name.":                       {head + "yes ", "damaged or cut off"},
		"A name with a space.":           {head + "yes xyz " + object, "damaged or cut off"},
		"A name with a line break.":      {head + "yes xyz\n" + object, "damaged or cut off"},
		"Something after it.":            {good + "\n", "damaged or cut off"},
		"Something before it.":           {" " + good, "it does not begin with"},
		"Read back perhaps.":             {head + "xyz " + object, "damaged or cut off"},
		"A checksum too short.":          {strings.Replace(good, zeros, zeros[:63], 1), "damaged or cut off"},
		"A checksum in capitals.":        {strings.Replace(good, zeros, strings.Repeat("A", 64), 1), "damaged or cut off"},
		"Another checksum than in name.": {strings.Replace(good, zeros, strings.Repeat("a", 64), 1), "an object of another checksum than its own"},
		"A name with a step back.":       {head + "yes ../" + object, "an object that no bucket can hold"},
		"A name that begins at a root.":  {head + "yes /" + object, "an object that no bucket can hold"},
		"A name too long.":               {head + "yes " + strings.Repeat("p", 1024) + object, "an object that no bucket can hold"},
		"Far too much.":                  {good + strings.Repeat("p", 4096), "it is longer than 2048 bytes"},
	} {
		got, err := keybackup.Parse(c.message)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
		if got != (keybackup.Receipt{}) {
			t.Errorf("%s a receipt came with the error", name)
		}
		if err != nil && strings.Contains(err.Error(), "xyz") {
			t.Errorf("%s the error repeats the message: %v", name, err)
		}
	}
}
