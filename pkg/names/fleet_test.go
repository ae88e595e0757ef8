// SPDX-License-Identifier: Apache-2.0

package names_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

func TestNamesFollowFromTheFleet(t *testing.T) {
	got := []string{names.Peer("alpha", 0), names.Peer("alpha", 1999), names.Members("alpha"), names.Budget("alpha")}
	want := []string{"alpha-0", "alpha-1999", "alpha-fleet", "alpha-fleet"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestOrdinalReadsWhatPeerWrites(t *testing.T) {
	for _, fleet := range []string{"a", "alpha", "alpha-1", "alpha-1-2", "a--b"} {
		for _, ordinal := range []int32{0, 1, 9, 10, 1999, math.MaxInt32} {
			name := names.Peer(fleet, ordinal)
			if got, ok := names.Ordinal(fleet, name); !ok || got != ordinal {
				t.Errorf("Ordinal(%s, %s) = %d, %v; want %d", fleet, name, got, ok, ordinal)
			}
			if got, ok := names.FleetOf(name); !ok || got != fleet {
				t.Errorf("FleetOf(%s) = %s, %v; want %s", name, got, ok, fleet)
			}
		}
	}
}

// A peer that is taken for another's, or for one of an ordinal that it does not have, would be changed or deleted.
func TestOrdinalTakesNoNameForWhatItIsNot(t *testing.T) {
	for name, given := range map[string]string{
		"The fleet itself.":                          "alpha",
		"No number.":                                 "alpha-",
		"A word.":                                    "alpha-one",
		"A number with a word.":                      "alpha-1a",
		"A number in another base.":                  "alpha-0x1",
		"A number with a point.":                     "alpha-1.0",
		"A number with a gap.":                       "alpha-1_0",
		"A number with a space.":                     "alpha- 1",
		"A leading zero.":                            "alpha-01",
		"Zero twice.":                                "alpha-00",
		"A negative number.":                         "alpha--1",
		"A negative zero.":                           "alpha--0",
		"A sign.":                                    "alpha-+1",
		"One more than the largest.":                 "alpha-2147483648",
		"A number that would be 0 in fewer bits.":    "alpha-4294967296",
		"A number of no size at all.":                "alpha-99999999999999999999999",
		"Another fleet.":                             "beta-1",
		"A fleet whose name begins in the same way.": "alphabet-1",
		"A fleet whose name ends in the same way.":   "not-alpha-1",
		"A peer of the fleet alpha-1.":               "alpha-1-0",
		"An object of a peer.":                       "alpha-1-data",
		"Nothing.":                                   "",
	} {
		if ordinal, ok := names.Ordinal("alpha", given); ok || ordinal != 0 {
			t.Errorf("%s Ordinal(alpha, %q) = %d, %v", name, given, ordinal, ok)
		}
	}
}

func TestFleetOfFindsTheOnlyFleetThatCouldBe(t *testing.T) {
	for given, want := range map[string]string{
		"alpha-0":              "alpha",
		"alpha-1999":           "alpha",
		"alpha-1-0":            "alpha-1",
		"north-eu-relay-12":    "north-eu-relay",
		"alpha":                "",
		"alpha-":               "",
		"alpha-one":            "",
		"alpha-01":             "",
		"alpha-1-data":         "",
		"alpha-2147483648":     "",
		"-0":                   "",
		"0":                    "",
		"":                     "",
		"alpha-identity-1":     "alpha-identity", // A Secret's name; whether there is such a fleet is for others to see.
		names.Members("alpha"): "",
	} {
		if got, ok := names.FleetOf(given); ok != (want != "") || ok && got != want {
			t.Errorf("FleetOf(%q) = %q, %v; want %q", given, got, ok, want)
		}
	}
}

// longestFleet is the longest name that the rule of the CRD lets through; 1999 is the highest ordinal.
var longestFleet = strings.Repeat("a", 47)

func TestTheLongestNameOfAFleetLeavesRoomForItsPeers(t *testing.T) {
	if got := names.Peer(longestFleet, 1999); len(got) > len(longest) {
		t.Errorf("%s is longer than a PeerNode may be named", got)
	}
	if got := names.Peer(longestFleet+"a", 1999); len(got) <= len(longest) {
		t.Errorf("%s fits: the rule on metadata.name is stricter than it needs to be", got)
	}
	if errs := validation.IsDNS1123Subdomain(names.Members(longestFleet)); len(errs) > 0 {
		t.Errorf("%s is not valid: %v", names.Members(longestFleet), errs)
	}
}

func TestLabelsOfAFleetAreValidAndContainTheSelector(t *testing.T) {
	labels := names.FleetLabels(longestFleet, "members")
	for key, value := range labels {
		if errs := append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...); len(errs) > 0 {
			t.Errorf("label %s=%s is not valid: %v", key, value, errs)
		}
	}
	if diff := cmp.Diff(map[string]string{"peernode.dev/fleet": longestFleet}, names.FleetSelector(longestFleet)); diff != "" {
		t.Errorf("selector (-want +got):\n%s", diff)
	}
	for key, value := range names.FleetSelector(longestFleet) {
		if labels[key] != value {
			t.Errorf("the selector wants %s=%s, the labels say %q", key, value, labels[key])
		}
	}
	if labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedBy {
		t.Error("the operator would not find its own object again")
	}
}

// The objects of a fleet live beside those of PeerNodes, one of which may have the fleet's name.
func TestTheObjectsOfAFleetAreNotThoseOfAPeerNode(t *testing.T) {
	of := map[string]bool{}
	for _, p := range []*v1alpha1.PeerNode{named("alpha"), named(names.Peer("alpha", 0))} {
		for _, name := range []string{names.Workload(p), names.API(p), names.Config(p), names.Data(p), names.Key(p, 1)} {
			of[name] = true
		}
	}
	for _, name := range []string{names.Members("alpha"), names.Budget("alpha")} {
		if of[name] {
			t.Errorf("%s is the name of an object of a PeerNode as well", name)
		}
	}
}
