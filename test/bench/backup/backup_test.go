// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"strings"
	"testing"
)

// prepared is a bed with the real programs, and with those of others that are there.
func prepared(t *testing.T, o options) *bed {
	t.Helper()
	o.dir = t.TempDir()
	b, err := prepare(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestAShortRunMeasuresEverybodyAndRestoresWhatWasThere(t *testing.T) {
	o := defaults()
	o.sizes, o.data = sizes{8 << 20, 12 << 20}, names{"etch"}
	o.rounds, o.large, o.largeWith = 2, sizes{12 << 20}, names{nameOurs}
	b := prepared(t, o)
	m, err := b.measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range m.left {
		t.Log(word)
	}
	if len(m.sets) != 2 || len(m.sets[0].contenders)+len(m.left) != 4 || len(m.sets[1].contenders) != 1 {
		t.Fatalf("measured: %+v", m.sets)
	}
	does := map[string][]string{
		nameOurs:   {firstBackup, verifiedBackup, verification, secondBackup, restore, secondRestore},
		nameGPG:    {firstBackup, restore},
		nameAge:    {firstBackup, restore},
		nameRestic: {firstBackup, verification, secondBackup, restore, secondRestore},
	}
	for i, s := range m.sets {
		for _, c := range s.contenders {
			rounds := 2 - i
			if c.slow {
				rounds = 1
			}
			for _, what := range does[c.name] {
				checkSamples(t, c.name+": "+what, s.samples[c.name][what], rounds)
			}
			if len(s.samples[c.name]) != len(does[c.name]) {
				t.Errorf("%s: measured %v", c.name, sorted(s.samples[c.name]))
			}
		}
		ours := s.samples[nameOurs]
		if first, second := ours[firstBackup][0].added, ours[secondBackup][0].added; first < float64(s.size)/2 || second <= 0 || second > first/4 {
			t.Errorf("a backup of %d bytes puts %.0f into the bucket, the second %.0f", s.size, first, second)
		}
	}
	report := m.markdown(o, b.where(t.Context()))
	if strings.Contains(report, "NaN") || strings.Contains(report, "Inf") || !strings.Contains(report, "### 12 MiB of etch") {
		t.Errorf("the report:\n%s", report)
	}
}

func checkSamples(t *testing.T, what string, all []sample, rounds int) {
	t.Helper()
	if len(all) != rounds {
		t.Errorf("%s: %d samples, want %d", what, len(all), rounds)
	}
	for _, s := range all {
		if s.seconds <= 0 || !s.part && (s.clientCPU <= 0 || s.largest < 1<<20 || s.all < s.largest) {
			t.Errorf("%s: %+v", what, s)
		}
	}
}

func TestAProgramOfAPipelineThatFailsIsNamed(t *testing.T) {
	b := prepared(t, defaults())
	for name, stages := range map[string][]stage{
		"the first": {{args: []string{"sh", "-c", "echo such a pity >&2; exit 3"}}, {args: []string{"cat"}}},
		"the last":  {{args: []string{"true"}}, {args: []string{"sh", "-c", "echo such a pity >&2; exit 3"}}},
		"absent":    {{args: []string{"true"}}, {args: []string{"/such a pity"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := b.pipeline(t.Context(), stages...); err == nil || !strings.Contains(err.Error(), "such a pity") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheMemoryOfAProgramIsNotThatOfWhoStartsIt(t *testing.T) {
	b := prepared(t, defaults())
	mine := make([]byte, 200<<20)
	for i := 0; i < len(mine); i += 1 << 10 {
		mine[i] = 1
	}
	c, err := b.pipeline(t.Context(), stage{args: []string{"cat", "/dev/null"}}, stage{args: []string{"cat"}})
	if err != nil || c.largest == 0 || c.largest > 20<<20 || c.all <= c.largest {
		t.Errorf("two small programs have %+v, %v", c, err)
	}
	if mine[0] != 1 {
		t.Error("the memory was given back")
	}
}

func TestWhatIsNotThereIsLeftOutAloud(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	with, left, err := there(defaults().with)
	if err != nil || len(with) != 1 || with[0].name != nameOurs || len(left) != 3 {
		t.Fatalf("with %v, left out: %q, %v", with, left, err)
	}
	if want := "restic is left out, because there is no restic here (apt-get install restic)"; left[2] != want {
		t.Errorf("got %q, want %q", left[2], want)
	}
	if _, _, err := there(names{"tarsnap"}); err == nil {
		t.Error("nobody by that name is known")
	}
}

func TestARestoreThatIsWrongIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, to *data)
		right  bool
	}{
		"all the same":       {func(*testing.T, *data) {}, true},
		"other blocks":       {func(t *testing.T, to *data) { must(t, to.turn(1)) }, false},
		"a file is missing":  {func(t *testing.T, to *data) { must(t, to.remove("tiny/007")) }, false},
		"one too many":       {func(t *testing.T, to *data) { must(t, to.write("more", 1)) }, false},
		"a file is cut":      {func(t *testing.T, to *data) { must(t, to.cut("large")) }, false},
		"another generation": {func(t *testing.T, to *data) { must(t, errors.Join(to.turn(1), to.turn(0))) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			was, is := small(t), small(t)
			c.change(t, is)
			err := was.compare(is.dir, 0)
			if (err == nil) != c.right || err != nil && !errors.Is(err, errNotTheSame) {
				t.Errorf("got %v", err)
			}
		})
	}
}
