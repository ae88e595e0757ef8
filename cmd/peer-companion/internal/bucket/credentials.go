// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/peernode/operator/cmd/internal/smallfile"
)

// Names of the files in which credentials lie, which are the keys of their Secret.
const (
	FileAccessKeyID     = "accessKeyID"
	FileSecretAccessKey = "secretAccessKey"
	FileSessionToken    = "sessionToken"
)

// Credentials are what a store knows its users by.
type Credentials struct{ accessKeyID, secretAccessKey, sessionToken string }

// String keeps them out of everything that is printed.
func (Credentials) String() string { return "credentials" }

// GoString does, too.
func (Credentials) GoString() string { return "credentials" }

func (c Credentials) retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: c.accessKeyID, SecretAccessKey: c.secretAccessKey, SessionToken: c.sessionToken}, nil
}

// ReadCredentials reads them from the files of a folder. A session token may be missing.
func ReadCredentials(folder string) (Credentials, error) {
	id, err := readOne(folder, FileAccessKeyID)
	if err != nil {
		return Credentials{}, err
	}
	secret, err := readOne(folder, FileSecretAccessKey)
	if err != nil {
		return Credentials{}, err
	}
	token, err := readOne(folder, FileSessionToken)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Credentials{}, err
	}
	return Credentials{id, secret, token}, nil
}

var oneWord = regexp.MustCompile(`^[!-~]+$`)

// readOne forgives the line break that an editor leaves. It repeats nothing of what it reads.
func readOne(folder, name string) (string, error) {
	content, err := smallfile.Read(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the credentials have no %s; the Secret needs %s and %s: %w", name, FileAccessKeyID, FileSecretAccessKey, err)
	}
	if err != nil {
		return "", fmt.Errorf("the credentials: %w", err)
	}
	value := strings.TrimSpace(string(content))
	if !oneWord.MatchString(value) {
		return "", fmt.Errorf("the credentials: %s is empty or not one word; see how it got into the Secret", name)
	}
	return value, nil
}
