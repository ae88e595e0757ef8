// SPDX-License-Identifier: Apache-2.0

package storecheck

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/peernode/operator/api/v1alpha1"
)

// Format and Version tell a report from whatever else a container leaves behind.
const (
	Format  = "peernode.dev/store-check"
	Version = "v1"
)

// maxMessage is more than a report has, and less than the kubelet keeps.
const maxMessage = 1024

// Message is what was found as the pod leaves it.
func Message(f v1alpha1.BackupStoreFindings) string {
	lock := string(f.ObjectLock)
	if f.ObjectLockPeriod != "" {
		lock += "/" + string(f.ObjectLockPeriod)
	}
	return fmt.Sprintf("%s %s writes-once:%s multipart-once:%s reads-back:%s lists:%s versioning:%s encryption:%s object-lock:%s may-overwrite:%s may-delete:%s",
		Format, Version, f.WritesOnce, f.MultipartOnce, f.ReadsBack, f.Lists, f.Versioning, f.Encryption, lock, f.MayOverwrite, f.MayDelete)
}

const answer = "(Yes|No|Unknown)"

// pattern is what follows format and version.
var pattern = regexp.MustCompile("^writes-once:" + answer + " multipart-once:" + answer + " reads-back:" + answer + " lists:" + answer +
	" versioning:(Enabled|Suspended|Off|Unknown) encryption:(AES256|KMS|Other|None|Unknown)" +
	" object-lock:(?:(Governance|Compliance)/([1-9][0-9]{0,6}h)|(None|Unknown))" +
	" may-overwrite:" + answer + " may-delete:" + answer + "$")

// Parse reads a report. It repeats nothing of what it reads: it comes from a pod, and will be shown.
func Parse(message string) (v1alpha1.BackupStoreFindings, error) {
	var none v1alpha1.BackupStoreFindings
	if len(message) > maxMessage {
		return none, fmt.Errorf("it is longer than %d bytes, so it is no report of a check", maxMessage)
	}
	rest, ok := strings.CutPrefix(message, Format+" ")
	if !ok {
		return none, fmt.Errorf("it does not begin with %s, so it is no report of a check", Format)
	}
	rest, ok = strings.CutPrefix(rest, Version+" ")
	if !ok {
		return none, fmt.Errorf("it is of another version than %s; use operator and companion of one release", Version)
	}
	m := pattern.FindStringSubmatch(rest)
	if m == nil {
		return none, errors.New("it is damaged or cut off")
	}
	return v1alpha1.BackupStoreFindings{
		WritesOnce: v1alpha1.StoreAnswer(m[1]), MultipartOnce: v1alpha1.StoreAnswer(m[2]), ReadsBack: v1alpha1.StoreAnswer(m[3]), Lists: v1alpha1.StoreAnswer(m[4]),
		Versioning: v1alpha1.StoreVersioning(m[5]), Encryption: v1alpha1.StoreEncryption(m[6]),
		ObjectLock: v1alpha1.StoreLock(m[7] + m[9]), ObjectLockPeriod: v1alpha1.Period(m[8]),
		MayOverwrite: v1alpha1.StoreAnswer(m[10]), MayDelete: v1alpha1.StoreAnswer(m[11]),
	}, nil
}
