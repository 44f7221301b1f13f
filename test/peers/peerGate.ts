import { describe } from 'vitest'

/**
 * Runs a suite where its peer is there. Elsewhere it says what is missing and skips, but never in CI: there an absent peer
 * is a broken set-up, and a skipped proof is none.
 */
export function describeWithPeer(name: string, missing: readonly string[], suite: () => void): void {
  if (missing.length > 0 && process.env['CI'] !== 'true') {
    process.stderr.write(`skipped: ${name}: not on this machine: ${missing.join(', ')}\n`)
    describe.skip(name, suite)
    return
  }
  describe(name, () => {
    if (missing.length > 0) throw new Error(`CI must have what this test needs: ${missing.join(', ')}`)
    suite()
  })
}
