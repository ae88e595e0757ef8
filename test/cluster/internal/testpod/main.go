// SPDX-License-Identifier: Apache-2.0

// Command testpod is what runs in the pods of this module's own tests: a web server that is its own client, because its image has no shell.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fail(errors.New("want serve, get, resolve, write, read or size"))
	}
	argument := strings.Join(os.Args[2:], " ")
	var err error
	switch os.Args[1] {
	case "serve":
		err = serve(argument)
	case "get":
		err = get(argument)
	case "resolve":
		err = resolve(argument)
	case "write":
		err = os.WriteFile(argument, []byte("kept"), 0o600)
	case "read":
		err = read(argument)
	case "size":
		err = size(argument)
	default:
		err = fmt.Errorf("unknown command %q", os.Args[1])
	}
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "testpod:", err)
	os.Exit(1)
}

// serve tells everyone its name and user.
func serve(address string) error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("serving on", address)
	return http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%s uid=%d", name, os.Getuid())
	}))
}

func get(url string) error {
	response, err := (&http.Client{Timeout: 5 * time.Second}).Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(os.Stdout, response.Body)
	return err
}

func resolve(name string) error {
	addresses, err := net.LookupHost(name)
	fmt.Print(strings.Join(addresses, " "))
	return err
}

func read(path string) error {
	data, err := os.ReadFile(path)
	fmt.Print(string(data))
	return err
}

// size prints how many bytes the file system at path has.
func size(path string) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return err
	}
	fmt.Print(int64(s.Blocks) * s.Bsize)
	return nil
}
