// Package hostmetrics turns the counters of this machine into metric time series: the
// source of data that needs no configuration.
//
// The names are those that Splunk's own agents send (cpu.utilization, memory.utilization,
// disk.utilization, network.total, load.shortterm and so on), so that a program written
// for a fleet of hosts runs on one machine unchanged.
package hostmetrics

import "context"

// A Reader looks at a machine once.
type Reader interface {
	// Read returns what could be read. A part that the machine does not offer, or that
	// failed, is left empty; the error tells about all parts that failed.
	Read(ctx context.Context) (Reading, error)
}

// Reading is one look at a machine. Counters run since boot.
type Reading struct {
	Cores       []Core
	Memory      Memory
	Load        *Load // nil where the system keeps no load average
	Filesystems []Filesystem
	Disks       []Disk
	Interfaces  []Interface
}

// Core holds the seconds that one logical processor has spent, idle and in all states.
type Core struct {
	Name        string
	Idle, Total float64
}

// Memory is in bytes. Used excludes what is Free, Buffered or Cached.
type Memory struct{ Total, Used, Free, Buffered, Cached uint64 }

// Load is the average number of runnable processes over 1, 5 and 15 minutes.
type Load struct{ One, Five, Fifteen float64 }

// Filesystem is in bytes; Free is what an ordinary user may still write.
type Filesystem struct {
	Device, Mountpoint, Type string
	Used, Free               uint64
}

// Disk counts the finished operations of one block device, and their bytes.
type Disk struct {
	Device                string
	Reads, Writes         uint64
	ReadBytes, WriteBytes uint64
}

// Interface counts the bytes, packets and errors of one network interface.
type Interface struct {
	Name                         string
	ReceivedBytes, SentBytes     uint64
	ReceivedPackets, SentPackets uint64
	ReceivedErrors, SentErrors   uint64
	ReceivedDropped, SentDropped uint64
}
