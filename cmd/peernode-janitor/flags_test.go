// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

func TestFlags(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want flags
	}{
		"No flags.":  {nil, flags{nil, ":8081", slog.LevelInfo}},
		"All flags.": {[]string{"--namespaces=a,b", "--health-probe-bind-address=0", "--log-level=debug"}, flags{[]string{"a", "b"}, "0", slog.LevelDebug}},
	} {
		got, err := parseFlags(c.args)
		if err != nil {
			t.Errorf("%s %v", name, err)
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(flags{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWrongFlagsAreRefusedByName(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"A flag that does not exist.":  {[]string{"--keep=x"}, "unknown flag: --keep"},
		"A word that is no flag.":      {[]string{"false"}, `unexpected argument "false"`},
		"A level of logs that is none": {[]string{"--log-level=loud"}, `invalid argument "loud" for "--log-level"`},
		// It would mean all namespaces.
		"A namespace without a name.": {[]string{"--namespaces=a,"}, "--namespaces: contains an empty name"},
	} {
		if _, err := parseFlags(c.args); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
	if _, err := parseFlags([]string{"--help"}); !errors.Is(err, pflag.ErrHelp) {
		t.Errorf("help: got %v", err)
	}
}
