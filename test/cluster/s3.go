// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// s3Health is where the store says that it works.
const s3Health = "/health"

// S3 is a store of S3 on loopback, which keeps each bucket as a folder. It belongs to no cluster.
type S3 struct {
	// Endpoint is its URL, and CA the certificate, in PEM, by which to know it.
	Endpoint string
	CA       []byte
	// AccessKey and SecretKey are those of who may do everything.
	AccessKey, SecretKey string

	dir, bin string
	pki      *authority
	process  *process
}

// StartS3 starts a store that keeps all it has in a folder, and returns once it works. It is built first where that has not been done. The caller
// must call Stop; should it die before, the kernel ends the store (on Linux).
func StartS3(ctx context.Context, dir string) (*S3, error) {
	b, err := buildSources(ctx, selectSources("versitygw"), os.Stderr)
	if err != nil {
		return nil, err
	}
	s := &S3{dir: dir, bin: b.bin, AccessKey: "root", SecretKey: rand.Text()}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	var failures []error
	for range 3 { // Somebody else may take the port first.
		if err = s.start(ctx); err == nil {
			return s, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

// Stop ends the store. What it keeps stays in its folder.
func (s *S3) Stop() error { return s.process.stop() }

// Restart starts a store that was stopped, at the same address.
func (s *S3) Restart(ctx context.Context) error {
	return s.startAt(ctx, strings.TrimPrefix(s.Endpoint, "https://"))
}

// PID is the number of its process.
func (s *S3) PID() int { return s.process.cmd.Process.Pid }

// AddUser makes a user who may do only what the policy of a bucket says.
func (s *S3) AddUser(ctx context.Context, accessKey, secretKey string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "versitygw"), "admin", "--endpoint-url", s.Endpoint,
		"create-user", "--access", accessKey, "--secret", secretKey, "--role", "user")
	cmd.Env = append(os.Environ(), "ADMIN_ACCESS_KEY_ID="+s.AccessKey, "ADMIN_SECRET_ACCESS_KEY="+s.SecretKey, "SSL_CERT_FILE="+s.pki.certFile("ca"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("add user %s to the store: %w\n%s", accessKey, err, out)
	}
	return nil
}

// Age makes everything that the store keeps older by its own account, and nothing else of it.
func (s *S3) Age(by time.Duration) error {
	for _, folder := range []string{"buckets", "versions"} {
		if err := age(filepath.Join(s.dir, folder), by); err != nil {
			return fmt.Errorf("make older what the store keeps: %w", err)
		}
	}
	return nil
}

func age(folder string, by time.Duration) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return gone(err)
		}
		info, err := d.Info()
		if err != nil {
			return gone(err)
		}
		at := info.ModTime().Add(-by)
		return gone(root.Chtimes(path, at, at))
	})
}

// gone forgives that something was removed meanwhile.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// prepare makes the folders and the certificate.
func (s *S3) prepare() (err error) {
	for _, folder := range []string{"buckets", "users", "metadata", "versions"} {
		if err := os.MkdirAll(filepath.Join(s.dir, folder), 0o700); err != nil {
			return fmt.Errorf("create the folders of the store: %w", err)
		}
	}
	if s.pki, err = newAuthority(filepath.Join(s.dir, "pki")); err != nil {
		return err
	}
	if err := s.pki.issue("s3", identity{user: "s3", hosts: []string{"127.0.0.1", "localhost"}}); err != nil {
		return err
	}
	s.CA, err = os.ReadFile(s.pki.certFile("ca"))
	return err
}

func (s *S3) start(ctx context.Context) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	return s.startAt(ctx, "127.0.0.1:"+strconv.Itoa(port))
}

func (s *S3) startAt(ctx context.Context, address string) (err error) {
	s.Endpoint = "https://" + address
	if s.process, err = start(s.program(address), s.dir, false); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := s.process.waitReady(ctx); err != nil {
		return errors.Join(err, s.Stop())
	}
	return nil
}

// program keeps what it knows of objects in files of its own, for file systems without extended attributes.
func (s *S3) program(address string) program {
	return program{
		name: "versitygw",
		path: filepath.Join(s.bin, "versitygw"),
		args: []string{
			"--port", address, "--cert", s.pki.certFile("s3"), "--key", s.pki.keyFile("s3"), "--health", s3Health,
			"--iam-dir", filepath.Join(s.dir, "users"), "--iam-cache-disable",
			"posix", "--sidecar", filepath.Join(s.dir, "metadata"), "--versioning-dir", filepath.Join(s.dir, "versions"), filepath.Join(s.dir, "buckets"),
		},
		env:   []string{"ROOT_ACCESS_KEY_ID=" + s.AccessKey, "ROOT_SECRET_ACCESS_KEY=" + s.SecretKey},
		grace: 3 * time.Second,
		ready: s.healthy,
	}
}

// healthy asks the store over TLS, so that whoever else has taken the port is not taken for it.
func (s *S3) healthy(ctx context.Context) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CA)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint+s3Health, http.NoBody)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the store: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New("the store answers " + strings.ToLower(response.Status))
	}
	return nil
}
