// SPDX-License-Identifier: Apache-2.0

// Command loopfile-csi is the test cluster's CSI driver: every volume is a sparse file with an XFS file system, mounted through a loop device.
// A volume therefore has a real size, is really full when it is full, and really grows while it is in use. One node, no snapshots, no
// clones; upstream's provisioner and resizer drive it. It is for tests only: nothing is encrypted, replicated or thrown away securely.
//
// XFS, because ext4 lets only CAP_SYS_RESOURCE grow it while it is mounted, which root lacks in some virtual machines.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
	"k8s.io/mount-utils"
	"k8s.io/utils/exec"
)

// driverName is what StorageClasses and PersistentVolumes call this driver.
const driverName = "loopfile.csi.peernode.dev"

// driverVersion is reported to the kubelet; it has no other meaning.
const driverVersion = "1.0.0"

func main() {
	endpoint := flag.String("endpoint", "", "path of the socket to serve CSI on")
	registrationSocket := flag.String("registration", "", "path of the socket in the kubelet's plugins_registry folder to register with")
	node := flag.String("node", "", "name of the node")
	volumes := flag.String("volumes", "", "folder for the volumes' files")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d := &driver{node: *node, dir: *volumes, exec: exec.New(), socket: *endpoint}
	d.mounter = mount.NewSafeFormatAndMount(mount.NewWithoutSystemd(""), d.exec)
	if err := d.serve(ctx, *registrationSocket); err != nil {
		fmt.Fprintln(os.Stderr, "loopfile-csi:", err)
		os.Exit(1)
	}
}

// serve answers the sidecars and the kubelet on one socket, and the kubelet's question who this is on another, until ctx is done.
func (d *driver) serve(ctx context.Context, registrationSocket string) error {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return fmt.Errorf("create the folder for volumes: %w", err)
	}
	plugin := grpc.NewServer(grpc.UnaryInterceptor(logFailures))
	csi.RegisterIdentityServer(plugin, d)
	csi.RegisterControllerServer(plugin, d)
	csi.RegisterNodeServer(plugin, d)
	registrar := grpc.NewServer()
	registration.RegisterRegistrationServer(registrar, &registrationServer{socket: d.socket})

	ended := make(chan error, 2)
	for server, socket := range map[*grpc.Server]string{plugin: d.socket, registrar: registrationSocket} {
		listener, err := listen(socket)
		if err != nil {
			return err
		}
		defer server.Stop()
		go func() { ended <- server.Serve(listener) }()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	}
}

// listen replaces the socket of a predecessor that was killed.
func listen(socket string) (net.Listener, error) {
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the old socket: %w", err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listener, nil
}

// logFailures writes what went wrong to the log; the caller's event often shows less.
func logFailures(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	response, err := handle(ctx, request)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", info.FullMethod, err)
	}
	return response, err
}

// registrationServer tells the kubelet where the driver listens.
type registrationServer struct {
	registration.UnimplementedRegistrationServer
	socket string
}

// GetInfo names the driver and its socket.
func (r *registrationServer) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{Type: "CSIPlugin", Name: driverName, Endpoint: r.socket, SupportedVersions: []string{driverVersion}}, nil
}

// NotifyRegistrationStatus logs a refusal; the kubelet tries again by itself.
func (r *registrationServer) NotifyRegistrationStatus(_ context.Context, s *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	if !s.PluginRegistered {
		fmt.Fprintln(os.Stderr, "the kubelet refused the driver:", s.Error)
	}
	return &registration.RegistrationStatusResponse{}, nil
}
