// SPDX-License-Identifier: Apache-2.0

package bucket_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
)

// What a trial finds of stores that behave is tested against a real one in test/s3. Here are answers that it does not give.

func try(t *testing.T, answer http.HandlerFunc) bucket.Trial {
	t.Helper()
	return serve(t, answer).Trial("checks/uid", []byte("{}"))
}

// page is an answer in XML.
func page(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

func TestTheDefaultRetentionOfABucketIsReadAsItsStoreWritesIt(t *testing.T) {
	rule := func(retention string) http.HandlerFunc {
		return page(`<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>` + retention + `</DefaultRetention></Rule></ObjectLockConfiguration>`)
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"Years.":                   {rule(`<Mode>COMPLIANCE</Mode><Years>7</Years>`), "Compliance 61320h"},
		"Days.":                    {rule(`<Mode>GOVERNANCE</Mode><Days>1</Days>`), "Governance 24h"},
		"No time at all.":          {rule(`<Mode>GOVERNANCE</Mode>`), "Unknown "},
		"More than anybody keeps.": {rule(`<Mode>GOVERNANCE</Mode><Days>999999</Days>`), "Unknown "},
		"No rule.":                 {page(`<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>`), "None "},
		"Nothing.":                 {page(`<ObjectLockConfiguration/>`), "None "},
		"There is none.":           {refusal(404, "ObjectLockConfigurationNotFoundError", ""), "None "},
		"It may not be asked for.": {refusal(403, "AccessDenied", ""), "Unknown "},
		"The store has no locks.":  {refusal(501, "NotImplemented", ""), "Unknown "},
	} {
		lock, period, err := try(t, c.answer).Lock(t.Context())
		if got := string(lock) + " " + string(period); got != c.want || err != nil {
			t.Errorf("%s found is %q, %v, want %q", name, got, err, c.want)
		}
	}
}

func TestVersioningIsReadAsAStoreWritesIt(t *testing.T) {
	for want, answer := range map[v1alpha1.StoreVersioning]http.HandlerFunc{
		"Enabled":   page(`<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`),
		"Suspended": page(`<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>`),
		"Off":       page(`<VersioningConfiguration/>`),
		"Unknown":   refusal(403, "AccessDenied", ""),
	} {
		if got, err := try(t, answer).Versioning(t.Context()); got != want || err != nil {
			t.Errorf("found is %s, %v, want %s", got, err, want)
		}
	}
}

func TestHowAnObjectIsEncryptedIsReadFromItsHeaders(t *testing.T) {
	for header, want := range map[string]v1alpha1.StoreEncryption{"": "None", "AES256": "AES256", "aws:kms": "KMS", "aws:kms:dsse": "KMS", "aws:fsx": "Other"} {
		kept, err := try(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amz-Server-Side-Encryption", header)
			fmt.Fprint(w, "{}")
		}).ReadBack(t.Context())
		if kept != (bucket.Kept{Reads: v1alpha1.StoreYes, Encryption: want}) || err != nil {
			t.Errorf("with %q found is %+v, %v, want %s", header, kept, err, want)
		}
	}
}

// That an answer is not understood says nothing about rights, and that none comes ends the check.
func TestNoAnswerIsNotTakenForOne(t *testing.T) {
	for name, ask := range map[string]func(bucket.Trial) (v1alpha1.StoreAnswer, error){
		"write over what is in": func(b bucket.Trial) (v1alpha1.StoreAnswer, error) {
			may, _, err := b.MayOverwrite(t.Context())
			return may, err
		},
		"delete from": func(b bucket.Trial) (v1alpha1.StoreAnswer, error) { return b.MayDelete(t.Context()) },
	} {
		for code, want := range map[string]v1alpha1.StoreAnswer{"AccessDenied": v1alpha1.StoreNo, "InvalidWeather": v1alpha1.StoreUnknown} {
			if got, err := ask(try(t, refusal(403, code, ""))); got != want || err != nil {
				t.Errorf("%s: %s is taken for %s, %v, want %s", name, code, got, err, want)
			}
		}
		got, err := ask(try(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
		says(t, err, name+" bucket keys at ")
		if got != v1alpha1.StoreUnknown {
			t.Errorf("%s: a connection that breaks is taken for %s", name, got)
		}
	}
}

func TestAnObjectThatIsNotOnTheListIsMissed(t *testing.T) {
	pages := []string{
		`<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>2</NextContinuationToken><Contents><Key>checks/other</Key></Contents></ListBucketResult>`,
		`<ListBucketResult><Contents><Key>checks/uid</Key></Contents></ListBucketResult>`,
	}
	for what, second := range map[string]string{"": pages[1], "find checks/uid on the list of bucket keys": `<ListBucketResult/>`} {
		got, err := try(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("continuation-token") == "2" {
				page(second)(w, r)
				return
			}
			page(pages[0])(w, r)
		}).Lists(t.Context(), "checks/")
		if what == "" && (got != v1alpha1.StoreYes || err != nil) {
			t.Errorf("on the second page it is not found: %s, %v", got, err)
		}
		if what != "" {
			says(t, err, what)
		}
	}
}

// An upload that was begun costs its owner until it is ended, so whatever goes wrong it is taken back.
func TestAnUploadInPartsIsTakenBackWhateverGoesWrong(t *testing.T) {
	for name, c := range map[string]struct {
		part, complete, abort http.HandlerFunc
		says                  string
	}{
		"All is well.":               {page(""), refusal(412, "PreconditionFailed", ""), page(""), ""},
		"The store took it back.":    {page(""), refusal(412, "PreconditionFailed", ""), refusal(404, "NoSuchUpload", ""), ""},
		"The part is refused.":       {refusal(403, "AccessDenied", ""), nil, page(""), "may not write there"},
		"Conditions are not known.":  {page(""), refusal(501, "NotImplemented", ""), page(""), "(If-None-Match)"},
		"It may not be taken back.":  {page(""), refusal(412, "PreconditionFailed", ""), refusal(403, "AccessDenied", ""), "allow them s3:AbortMultipartUpload"},
		"It cannot be taken back.":   {page(""), refusal(412, "PreconditionFailed", ""), refusal(400, "InvalidWeather", ""), "take back what was written in parts to bucket keys"},
		"The end breaks off midway.": {page(""), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, page(""), "write in parts to bucket keys"},
	} {
		var aborted bool
		got, err := try(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodPost && r.URL.Query().Has("uploads"):
				page(`<InitiateMultipartUploadResult><UploadId>7</UploadId></InitiateMultipartUploadResult>`)(w, r)
			case r.Method == http.MethodPut:
				w.Header().Set("ETag", `"e"`)
				c.part(w, r)
			case r.Method == http.MethodPost:
				c.complete(w, r)
			case r.Method == http.MethodDelete:
				aborted = r.URL.Query().Get("uploadId") == "7"
				c.abort(w, r)
			}
		}).MultipartOnce(t.Context())
		if !aborted {
			t.Errorf("%s the upload is left", name)
		}
		if c.says == "" && (got != v1alpha1.StoreYes || err != nil) {
			t.Errorf("%s found is %s, %v", name, got, err)
		}
		if c.says != "" {
			says(t, err, c.says)
		}
	}
}

func TestARefusalMeansMoreWhereTheStoreIsAskedToEncrypt(t *testing.T) {
	for code, c := range map[string]struct {
		asked bucket.Encryption
		says  []string
	}{
		"AccessDenied":   {bucket.Encryption{Mode: bucket.EncryptKMS}, []string{"allow them s3:PutObject", "kms:GenerateDataKey"}},
		"NotImplemented": {bucket.Encryption{Mode: bucket.EncryptAES256}, []string{"cannot encrypt with AES256", "(If-None-Match)"}},
	} {
		_, err := serveAsked(t, c.asked, refusal(403, code, "")).Create(t.Context(), "name", []byte("{}"))
		for _, part := range c.says {
			says(t, err, part)
		}
		_, err = serve(t, refusal(403, code, "")).Create(t.Context(), "name", []byte("{}"))
		if err == nil || strings.Contains(err.Error(), "kms:") || strings.Contains(err.Error(), "encrypt") {
			t.Errorf("without encryption %s says %v", code, err)
		}
	}
}
