package hostmetrics

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sort"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"
)

// Machine reads the machine that the program runs on.
type Machine struct{}

// Read implements Reader.
func (Machine) Read(ctx context.Context) (Reading, error) {
	var r Reading
	err := errors.Join(
		readCores(ctx, &r), readMemory(ctx, &r), readLoad(ctx, &r),
		readFilesystems(ctx, &r), readDisks(ctx, &r), readInterfaces(ctx, &r),
	)
	return r, err
}

func readCores(ctx context.Context, r *Reading) error {
	times, err := cpu.TimesWithContext(ctx, true)
	if err != nil {
		return fmt.Errorf("read cpu times: %w", err)
	}
	for _, t := range times {
		// Guest time is part of User already.
		total := t.User + t.System + t.Idle + t.Nice + t.Iowait + t.Irq + t.Softirq + t.Steal
		r.Cores = append(r.Cores, Core{Name: t.CPU, Idle: t.Idle, Total: total})
	}
	return nil
}

func readMemory(ctx context.Context, r *Reading) error {
	v, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return fmt.Errorf("read memory: %w", err)
	}
	r.Memory = Memory{Total: v.Total, Used: v.Used, Free: v.Free}
	// On Linux the library's "used" is everything that is not available; the Splunk
	// names want four states that do not overlap.
	if reclaimable := v.Free + v.Buffers + v.Cached; runtime.GOOS == "linux" && v.Total >= reclaimable {
		r.Memory.Used = v.Total - reclaimable
		r.Memory.Buffered, r.Memory.Cached = v.Buffers, v.Cached
	}
	return nil
}

func readLoad(ctx context.Context, r *Reading) error {
	avg, err := load.AvgWithContext(ctx)
	if err != nil {
		return fmt.Errorf("read load average: %w", err)
	}
	r.Load = &Load{One: avg.Load1, Five: avg.Load5, Fifteen: avg.Load15}
	return nil
}

func readFilesystems(ctx context.Context, r *Reading) error {
	mounts, err := disk.PartitionsWithContext(ctx, false)
	if err != nil {
		return fmt.Errorf("read mounted file systems: %w", err)
	}
	seen := make(map[string]bool)
	for _, m := range withRoot(ctx, mounts) {
		if seen[m.Mountpoint] {
			continue
		}
		seen[m.Mountpoint] = true
		usage, err := disk.UsageWithContext(ctx, m.Mountpoint)
		if err != nil || usage.Used+usage.Free == 0 {
			continue // not readable by this user, or without storage of its own
		}
		r.Filesystems = append(r.Filesystems, Filesystem{
			Device: m.Device, Mountpoint: m.Mountpoint, Type: m.Fstype,
			Used: usage.Used, Free: usage.Free,
		})
	}
	return nil
}

// withRoot adds the root file system, which in a container is an overlay and therefore
// not among the mounts of real devices.
func withRoot(ctx context.Context, mounts []disk.PartitionStat) []disk.PartitionStat {
	for _, m := range mounts {
		if m.Mountpoint == "/" {
			return mounts
		}
	}
	all, err := disk.PartitionsWithContext(ctx, true)
	if err != nil {
		return mounts
	}
	for _, m := range all {
		if m.Mountpoint == "/" {
			return append(mounts, m)
		}
	}
	return mounts
}

func readDisks(ctx context.Context, r *Reading) error {
	counters, err := disk.IOCountersWithContext(ctx)
	if err != nil {
		return fmt.Errorf("read disk operations: %w", err)
	}
	for name, c := range counters {
		if c.ReadCount+c.WriteCount == 0 {
			continue // the many loop and ram devices that nothing uses
		}
		r.Disks = append(r.Disks, Disk{
			Device: name, Reads: c.ReadCount, Writes: c.WriteCount,
			ReadBytes: c.ReadBytes, WriteBytes: c.WriteBytes,
		})
	}
	sort.Slice(r.Disks, func(i, j int) bool { return r.Disks[i].Device < r.Disks[j].Device })
	return nil
}

func readInterfaces(ctx context.Context, r *Reading) error {
	counters, err := net.IOCountersWithContext(ctx, true)
	if err != nil {
		return fmt.Errorf("read network counters: %w", err)
	}
	for _, c := range counters {
		r.Interfaces = append(r.Interfaces, Interface{
			Name:          c.Name,
			ReceivedBytes: c.BytesRecv, SentBytes: c.BytesSent,
			ReceivedPackets: c.PacketsRecv, SentPackets: c.PacketsSent,
			ReceivedErrors: c.Errin, SentErrors: c.Errout,
			ReceivedDropped: c.Dropin, SentDropped: c.Dropout,
		})
	}
	return nil
}
