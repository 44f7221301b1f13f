import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeNodeImage } from '../../src/main/sim/node/nodeImage.ts'
import { defaultChannel, defaultProduct } from '../../src/shared/ota/registry.schema.ts'
import { startNginx } from '../support/nginxPeer.ts'
import { ask, fileOf, noSignal, openBench } from '../support/registryBench.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'

const path = 'api/v1/firmware/download'
const image = makeNodeImage({ version: '1.0.0' })

describeWithPeer('the registry beside nginx', ['nginx'].filter((name) => findProgram(name) === undefined), () => {
  test('the same file, whole and in parts, with the same status, the same range and the same bytes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rackbench-nginx-'))
    onTestFinished(async () => rm(folder, { recursive: true, force: true }))
    const file = join(folder, 'fw-1.0.0.bin')
    await writeFile(file, image)
    const nginx = await startNginx(folder, file, path)
    if (!nginx) throw new Error('nginx did not start')
    onTestFinished(async () => nginx.stop())
    const bench = await openBench()
    await bench.registry.add({ product: defaultProduct }, fileOf('fw-1.0.0.bin', image), noSignal)
    await bench.registry.publish({ product: defaultProduct, channel: defaultChannel, version: '1.0.0', percent: 100, groups: [] }, noSignal)
    const { url } = await bench.door()
    for (const range of [undefined, 'bytes=0-0', 'bytes=0-1023', 'bytes=1000-', 'bytes=-1', 'bytes=-999999999', `bytes=${image.length - 1}-`, `bytes=0-${image.length * 2}`, `bytes=${image.length}-`, 'bytes=nonsense', 'pages=1-2']) {
      const headers: Record<string, string> = range === undefined ? {} : { range }
      const [ours, theirs] = [await ask(`${url}/${path}`, { headers }), await ask(`${nginx.url}/${path}`, { headers })]
      // A range that is no range may be answered with all of it or refused; which of the two is a matter of taste.
      if (range === 'bytes=nonsense') { expect([200, 416]).toContain(ours.status); continue }
      expect([range, ours.status, ours.headers['content-range']]).toEqual([range, theirs.status, theirs.headers['content-range']])
      if (ours.status < 300) expect(ours.body.equals(theirs.body)).toBe(true)
    }
  })
})
