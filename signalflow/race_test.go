//go:build race

package signalflow

// slowdown is how much longer the race detector makes things take.
const slowdown = 10

// soakCut is how much shorter the long simulation is under it.
const soakCut = 20
