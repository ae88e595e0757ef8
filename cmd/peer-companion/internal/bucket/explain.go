// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

const (
	codeDenied         = "AccessDenied"
	codeExists         = "PreconditionFailed"
	codeNotImplemented = "NotImplemented"
)

// meanings of codes that S3 answers with, for who set up the store.
var meanings = map[string]string{
	codeDenied:                     "the credentials may not write there; allow them s3:PutObject for the names under the prefix",
	"InvalidAccessKeyId":           "the store does not know the access key; see accessKeyID in the credentials' Secret, and whether it is for this endpoint",
	"SignatureDoesNotMatch":        "the secret access key is not that of the access key; see secretAccessKey in the credentials' Secret",
	"RequestTimeTooSkewed":         "the clocks of this node and of the store differ too much; set them right",
	"RequestExpired":               "the clocks of this node and of the store differ too much; set them right",
	"ExpiredToken":                 "the session token has expired; renew the credentials' Secret",
	"InvalidToken":                 "the store does not know the session token; renew the credentials' Secret, or leave sessionToken out of it",
	"NoSuchBucket":                 "there is no such bucket; create it, or see the bucket's name and the endpoint",
	"PermanentRedirect":            "the bucket is in another region; set that one, and its endpoint",
	"TemporaryRedirect":            "the store sends elsewhere, which is not followed; name the endpoint of the bucket's region",
	"AuthorizationHeaderMalformed": "the region is not the store's; set that of the bucket",
	"IllegalLocationConstraint":    "the region is not the store's; set that of the bucket",
	codeNotImplemented:             "the store cannot write a name only where nothing has it yet (If-None-Match), which copies of keys need; use one that can",
	"KMS.NotFoundException":        "the store's key service has no such key; see the ID of the key, and its region",
	"KMS.DisabledException":        "the key in the store's key service is disabled; enable it, or name another",
	"KMS.KMSInvalidStateException": "the key in the store's key service cannot be used, such as because it is to be deleted; name another",
	"SlowDown":                     "the store has too much to do; this is tried again",
	"ServiceUnavailable":           "the store has too much to do; this is tried again",
	"InternalError":                "the store itself has failed; this is tried again",
	"QuotaExceeded":                "the store is full",
	"XMinioStorageFull":            "the store is full",
}

// code is what a code of S3 looks like. Anything else that a store answers is not repeated.
var code = regexp.MustCompile(`^[A-Za-z]{1,40}$`)

// explain says what an error means. It repeats neither credentials nor what a store has to say about itself.
func (b *Bucket) explain(err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if meaning := b.meaning(api.ErrorCode()); meaning != "" {
			return fmt.Errorf("%s (%s)", meaning, api.ErrorCode())
		}
	}
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok && answer.HTTPStatusCode() != 0 {
		return explainAnswer(answer.HTTPStatusCode(), err)
	}
	if tls := explainTLS(err); tls != nil {
		return tls
	}
	return b.explainNetwork(err)
}

// meaning of a code, "" where nobody knows it. Two mean more where the store is asked to encrypt.
func (b *Bucket) meaning(code string) string {
	switch e := b.place.Encryption; {
	case code == codeDenied && e.Mode == EncryptKMS:
		return meanings[code] + ", and kms:GenerateDataKey with the key of the store's key service"
	case code == codeNotImplemented && e.Mode != "":
		return "the store cannot encrypt with " + e.Mode + ", or cannot write a name only where nothing has it yet (If-None-Match); use one that can"
	}
	return meanings[code]
}

// denied explains what was not about writing. The answer to HEAD has no code.
func (b *Bucket) denied(err, meaning error) error {
	api, named := errors.AsType[smithy.APIError](err)
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok && answer.HTTPStatusCode() == http.StatusForbidden && named && (api.ErrorCode() == codeDenied || api.ErrorCode() == http.StatusText(http.StatusForbidden)) {
		return meaning
	}
	return b.explain(err)
}

// explainAnswer knows that the SDK makes a code of the status where there is none.
func explainAnswer(status int, err error) error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || !code.MatchString(api.ErrorCode()) || api.ErrorCode() == strings.ReplaceAll(http.StatusText(status), " ", "") {
		return fmt.Errorf("the answer is HTTP %d and not as S3 answers; see whether the endpoint is that of a store", status)
	}
	return fmt.Errorf("the store answers HTTP %d %s; see its log or manual", status, api.ErrorCode())
}

// explainTLS says why the store is not known, or returns nil.
func explainTLS(err error) error {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return errors.New("its certificate is of an unknown authority; name the authority's certificate as the store's CA")
	}
	if wrong, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Errorf("its certificate is not for %s; see the endpoint and the addressing, or issue another certificate", wrong.Host)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return errors.New("its certificate has expired or is not valid yet; renew it, or set the clock of this node right")
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return errors.New("its certificate is not one for a server; issue another")
	}
	// An alert of TLS is no type of its own.
	if op, ok := errors.AsType[*net.OpError](err); ok && strings.HasSuffix(op.Op, " error") {
		return fmt.Errorf("it does not agree on TLS, of which this program speaks 1.2 and later (%w)", op.Err)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return errors.New("there is no TLS there; see the endpoint's port")
	}
	return nil
}

func (b *Bucket) explainNetwork(err error) error {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return fmt.Errorf("there is no host named %s; see the endpoint, and the addressing", dns.Name)
		}
		return fmt.Errorf("the DNS does not tell where %s is; see the cluster's DNS, and whether a NetworkPolicy lets this pod ask it", dns.Name)
	}
	timeout, ok := errors.AsType[net.Error](err)
	late := ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded)
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		if late {
			return errors.New("no connection comes about in time; see the endpoint, and whether a firewall or NetworkPolicy lets this pod go there")
		}
		return fmt.Errorf("no connection comes about: %w; see the endpoint, and whether the store runs", op.Err)
	}
	if late {
		return fmt.Errorf("no answer comes within %s; see whether the store is well", b.try)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("the connection breaks: %w; see whether the store is well", op.Err)
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return errors.New("what answers there does not speak HTTP, or breaks off; see the endpoint's port")
	}
	return errors.New("no request can be made of endpoint, region and bucket; see how they are written")
}
