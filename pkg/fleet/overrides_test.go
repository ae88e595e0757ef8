// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
)

// look is what overrides can change of a peer.
type look struct {
	Image, Size string
	Parked      bool
}

func (w *world) look(name string) look {
	spec := w.peer(name).Spec
	return look{spec.Image, spec.Storage.Size.String(), spec.Suspend}
}

func TestAnOverrideChangesOnePeer(t *testing.T) {
	plainly := look{Image: imageV1, Size: "1Gi"}
	for name, c := range map[string]struct {
		spec []edits
		want look
		rest look
	}{
		"None.":                          {nil, plainly, plainly},
		"Parked.":                        {[]edits{parked(1)}, look{imageV1, "1Gi", true}, plainly},
		"Let run while the others rest.": {[]edits{suspended, overridden(v1alpha1.PeerOverride{Ordinal: 1, Suspend: new(false)})}, plainly, look{imageV1, "1Gi", true}},
		"Another image.":                 {[]edits{withImage(1, imageV2)}, look{Image: imageV2, Size: "1Gi"}, plainly},
		"A larger volume.":               {[]edits{withStorage(1, "3Gi")}, look{Image: imageV1, Size: "3Gi"}, plainly},
		"A smaller volume at its start.": {[]edits{withStorage(1, "512Mi")}, look{Image: imageV1, Size: "512Mi"}, plainly},
		"What is no size, whatever admission.": {
			[]edits{withStorage(1, "large")}, plainly, plainly,
		},
		"All of it.": {
			[]edits{overridden(v1alpha1.PeerOverride{Ordinal: 1, Suspend: new(true), Image: imageV2, Storage: &v1alpha1.PeerStorageOverride{Size: "2Gi"}})},
			look{imageV2, "2Gi", true}, plainly,
		},
		"Of an ordinal that does not exist.": {[]edits{parked(9), withImage(3, imageV2)}, plainly, plainly},
	} {
		w := serving(t, c.spec...)
		for peer, want := range map[string]look{"alpha-0": c.rest, "alpha-1": c.want, "alpha-2": c.rest} {
			if diff := cmp.Diff(want, w.look(peer)); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", name, peer, diff)
			}
		}
	}
}

// An override is about one peer: no other is touched, and it does not make a new revision of all.
func TestAnOverrideTouchesOnePeer(t *testing.T) {
	for name, c := range map[string]struct {
		spec []edits
		edit edits
		want []string
	}{
		"A peer is parked, and the budget needs one less.": {nil, parked(1), []string{theBudget, "PeerNode alpha-1"}},
		"A parked peer is let run again.":                  {[]edits{parked(1)}, plain, []string{theBudget, "PeerNode alpha-1"}},
		"A peer gets another image.":                       {nil, withImage(1, imageV2), []string{"PeerNode alpha-1"}},
		"A peer gets more storage.":                        {nil, withStorage(1, "2Gi"), []string{"PeerNode alpha-1"}},
		"A peer cannot get less.":                          {nil, withStorage(1, "512Mi"), nil},
		"A peer keeps the storage that it was given.":      {[]edits{withStorage(1, "2Gi")}, plain, nil},
		"A peer with more storage than the others keeps it as they grow.": {
			[]edits{withStorage(1, "4Gi")}, func(f *v1alpha1.PeerFleet) { plain(f); sized("2Gi")(f) },
			[]string{"PeerNode alpha-0", "PeerNode alpha-1", "PeerNode alpha-2"},
		},
	} {
		w := serving(t, c.spec...)
		before := w.status().UpdateRevision
		big := w.look("alpha-1").Size
		p := w.edit(c.edit).carryOut()
		if diff := cmp.Diff(c.want, applied(p)); diff != "" {
			t.Errorf("%s applied (-want +got):\n%s", name, diff)
		}
		if len(c.want) < 3 && p.Revision != before {
			t.Errorf("%s the revision is %s after %s", name, p.Revision, before)
		}
		if len(c.spec) > 0 && big != "1Gi" && w.look("alpha-1").Size != big {
			t.Errorf("%s the volume has %s after %s", name, w.look("alpha-1").Size, big)
		}
	}
}

func TestAPeerThatComesBackToItsOrdinalMeetsItsOverride(t *testing.T) {
	w := serving(t, withImage(2, imageV2))
	w.edit(replicas(2)).converge()
	w.edit(replicas(3)).converge()
	if got := w.look("alpha-2").Image; got != imageV2 {
		t.Errorf("the image is %s, want that of the override", got)
	}
}

func TestAPeerWithAnotherImageIsUpdatedWithTheOthersButForIt(t *testing.T) {
	w := serving(t, withImage(1, imageV2))
	w.edit(image("registry.example.com/p2p-agent:v3"), func(f *v1alpha1.PeerFleet) { f.Spec.Template.Spec.Software.P2PAgent.MaxPeers = 7 }).converge()
	got := []string{w.look("alpha-0").Image, w.look("alpha-1").Image, w.look("alpha-2").Image}
	if diff := cmp.Diff([]string{"registry.example.com/p2p-agent:v3", imageV2, "registry.example.com/p2p-agent:v3"}, got); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	if got := w.peer("alpha-1").Spec.Software.P2PAgent.MaxPeers; got != 7 {
		t.Errorf("maxPeers is %d, want that of the template", got)
	}
}
