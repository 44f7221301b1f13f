import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FilePair } from './textTree.ts'
import { findProgram } from './tftpPeerServers.ts'

const peers = {
  // Without its header of names; otherwise as it comes.
  xdelta3: (older: string, newer: string, delta: string) => ['-e', '-f', '-9', '-A', '-s', older, newer, delta],
  bsdiff: (older: string, newer: string, delta: string) => [older, newer, delta],
} as const
export type DeltaPeer = keyof typeof peers
export const hasDeltaPeer = (peer: DeltaPeer): boolean => findProgram(peer) !== undefined

/** How many bytes another program's deltas of these files have, one after the other, as boards fetch them. */
export function peerDeltaBytes(peer: DeltaPeer, pairs: readonly FilePair[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'rackbench-delta-'))
  try {
    const [a, b, d] = ['a', 'b', 'd'].map((name) => join(folder, name)) as [string, string, string]
    return pairs.reduce((bytes, { older, newer }) => {
      writeFileSync(a, older)
      writeFileSync(b, newer)
      execFileSync(peer, peers[peer](a, b, d), { timeout: 10_000 })
      return bytes + statSync(d).size
    }, 0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
