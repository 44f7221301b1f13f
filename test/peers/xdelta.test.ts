import { expect, test } from 'vitest'
import { generateDelta } from '../../src/main/protocols/delta/generateDelta.ts'
import { hasDeltaPeer, peerDeltaBytes } from '../support/deltaPeers.ts'
import { editedTextTree } from '../support/textTree.ts'
import { describeWithPeer } from './peerGate.ts'

describeWithPeer('deltas beside those of xdelta3', (['xdelta3'] as const).filter((name) => !hasDeltaPeer(name)), () => {
  test('a megabyte of text, file by file as boards fetch it: at most 1.3 times its size', () => {
    const pairs = editedTextTree()
    const ours = pairs.reduce((bytes, { older, newer }) => bytes + generateDelta(older, newer).length, 0)
    const theirs = peerDeltaBytes('xdelta3', pairs)
    expect(theirs).toBeGreaterThan(10_000)
    expect(ours / theirs).toBeLessThanOrEqual(1.3)
  })
})
