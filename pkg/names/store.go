// SPDX-License-Identifier: Apache-2.0

package names

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/peernode/operator/api/v1alpha1"
)

const (
	suffixCheck = "-check"
	suffixPrune = "-prune" // as long
	// checkDigits of a hash tell the checks of a store apart. Jobs of the same name would be minutes apart at least.
	checkDigits = 8
	// mostOfStore leaves the name of a Job, which a label holds, room for suffix and digits.
	mostOfStore = 63 - len(suffixCheck) - 1 - checkDigits
)

// StoreCheck is the name of the NetworkPolicy of the Jobs that check a store.
func StoreCheck(s *v1alpha1.PeerBackupStore) string { return s.Name + suffixCheck }

// StoreCheckJob is the name of the Job that makes the next check of a store as it stands. It follows from what is on record,
// so that an operator which comes to the same conclusion twice finds the Job that it made before; a check that is on record,
// and a change of the spec, lead to another.
func StoreCheckJob(s *v1alpha1.PeerBackupStore) string {
	last := int64(0)
	if s.Status.LastCheck != nil {
		last = s.Status.LastCheck.Time.Unix()
	}
	return storeJob(s, suffixCheck, last)
}

func storeJob(s *v1alpha1.PeerBackupStore, suffix string, last int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d/%d", s.Name, s.UID, s.Generation, last))
	name := strings.TrimRight(s.Name[:min(len(s.Name), mostOfStore)], ".-")
	return name + suffix + "-" + hex.EncodeToString(sum[:])[:checkDigits]
}

// StorePrune is the name of the NetworkPolicy of the Jobs that remove old backups from a store.
func StorePrune(s *v1alpha1.PeerBackupStore) string { return s.Name + suffixPrune }

// StorePruneJob is the name of the Job that removes old backups next. It follows from what is on record, as that of a check.
func StorePruneJob(s *v1alpha1.PeerBackupStore) string {
	last := int64(0)
	if s.Status.Retention != nil {
		last = s.Status.Retention.LastRun.Time.Unix()
	}
	return storeJob(s, suffixPrune, last)
}

// StoreCheckObject is the name of the object by which a store is tried. How the store encrypts it is seen only of one that was
// written after that was asked for.
func StoreCheckObject(s *v1alpha1.PeerBackupStore) string {
	name := string(s.UID)
	if e := s.Spec.ServerSideEncryption; e != nil {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s", e.Mode, e.KMSKeyID))
		name += "-" + hex.EncodeToString(sum[:])[:checkDigits]
	}
	return name
}

// StoreLabels are the labels of a store's own objects.
func StoreLabels(store, component string) map[string]string {
	return map[string]string{
		v1alpha1.LabelBackupStore:    store,
		v1alpha1.LabelManagedBy:      v1alpha1.ManagedBy,
		v1alpha1.LabelComponent:      component,
		"app.kubernetes.io/name":     "peerbackupstore",
		"app.kubernetes.io/instance": store,
	}
}

// ComponentStoreCheck tells the Jobs that check stores, their pods and their NetworkPolicy from those of peers.
const ComponentStoreCheck = "store-check"

// StoreCheckSelector chooses the pods that check a store.
func StoreCheckSelector(store string) map[string]string {
	return map[string]string{v1alpha1.LabelBackupStore: store, v1alpha1.LabelComponent: ComponentStoreCheck}
}

// ComponentStorePrune tells the Jobs that remove old backups, their pods and their NetworkPolicy from the others of a store.
const ComponentStorePrune = "store-prune"

// StorePruneSelector chooses the pods that remove old backups.
func StorePruneSelector(store string) map[string]string {
	return map[string]string{v1alpha1.LabelBackupStore: store, v1alpha1.LabelComponent: ComponentStorePrune}
}
