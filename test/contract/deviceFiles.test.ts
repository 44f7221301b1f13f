import { mkdir, mkdtemp, realpath, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openLocalFs } from '../../src/main/drivers/deviceFs/localFs.ts'
import { openSftpFs } from '../../src/main/drivers/deviceFs/sftpFs.ts'
import { createMemoryFs } from '../../src/main/sim/disk/memoryFs.ts'
import { never } from '../support/otaRig.ts'
import { createRealClock } from '../support/realClock.ts'
import { serveFiles } from '../support/sftpStandIn.ts'
import { serveSsh, type SshStandIn } from '../support/sshStandIn.ts'
import { describeDeviceFs, type OpenedFs } from './deviceFs.contract.ts'

describeDeviceFs('memory', async () => ({ fs: createMemoryFs(), dispose: async () => undefined }))
describeDeviceFs('memory, a board', async () => ({ fs: createMemoryFs({ abilities: { replaces: false, links: false, modes: false, syncs: false } }), dispose: async () => undefined }))

/** An empty root with something beside it. */
async function preparedFolder(): Promise<Omit<OpenedFs, 'fs'> & { readonly root: string }> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'rackbench-fs-')))
  const root = join(folder, 'root')
  await mkdir(root)
  await mkdir(join(folder, 'outside'))
  await writeFile(join(folder, 'outside', 'secret'), 'secret')
  return {
    root,
    plantEscape: async (link) => symlink('../outside', join(root, link)),
    takeAway: async (path) => unlink(join(root, path)),
    dispose: async () => rm(folder, { recursive: true, force: true }),
  }
}

describeDeviceFs('local folder', async () => {
  const { root, ...rest } = await preparedFolder()
  return { ...rest, fs: await openLocalFs(root) }
})

const clock = createRealClock()
const placeOf = ({ port, hostKeySha256 }: SshStandIn): Parameters<typeof openSftpFs>[0] => ({ host: '127.0.0.1', port, user: 'admin', secret: { password: 'secret' }, hostKeySha256 })

describe.each([
  ['with the extensions of OpenSSH', true], ['without any extension', false],
] as const)('a server of SFTP %s', (name, extensions) => {
  describeDeviceFs(`SFTP, ${name}`, async () => {
    const { root, dispose, ...rest } = await preparedFolder()
    const server = await serveSsh({ sftp: (sftp) => { serveFiles(sftp, { extensions }) } })
    const fs = await openSftpFs(placeOf(server), root, clock, never)
    return { ...rest, fs, dispose: async () => { await fs.close(); await server.close(); await dispose() } }
  })
  test('its abilities are said, and no more of them', async () => {
    const server = await serveSsh({ sftp: (sftp) => { serveFiles(sftp, { extensions }) } })
    const { root, dispose } = await preparedFolder()
    const fs = await openSftpFs(placeOf(server), root, clock, never)
    expect(fs.abilities).toEqual({ replaces: extensions, links: true, modes: true, syncs: extensions })
    expect(await fs.free(never)).toBeUndefined()
    await fs.close()
    await server.close()
    await dispose()
  })
})
