import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { generateDelta } from '../../src/main/protocols/delta/generateDelta.ts'
import { editedTextTree } from '../support/textTree.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'

describeWithPeer('deltas beside those of xdelta3', ['xdelta3'].filter((name) => !findProgram(name)), () => {
  test('a megabyte of text, file by file as boards fetch it: at most 1.3 times its size', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rackbench-xdelta-'))
    onTestFinished(() => { rmSync(folder, { recursive: true, force: true }) })
    const [a, b, d] = ['a', 'b', 'd'].map((name) => join(folder, name)) as [string, string, string]
    let ours = 0
    let theirs = 0
    for (const { older, newer } of editedTextTree()) {
      ours += generateDelta(older, newer).length
      writeFileSync(a, older)
      writeFileSync(b, newer)
      // Without its header of names; otherwise as it comes.
      execFileSync('xdelta3', ['-e', '-f', '-9', '-A', '-s', a, b, d], { timeout: 10_000 })
      theirs += statSync(d).size
    }
    expect(theirs).toBeGreaterThan(10_000)
    expect(ours / theirs).toBeLessThanOrEqual(1.3)
  })
})
