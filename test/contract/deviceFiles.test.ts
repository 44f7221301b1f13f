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

test('a full disk over SFTP is told as that, whatever found it full; where there is room, a refusal is a refusal', async () => {
  const disk = { freeBytes: 10_000_000 }
  const server = await serveSsh({ sftp: (sftp) => { serveFiles(sftp, { extensions: true, disk }) } })
  const { root, dispose } = await preparedFolder()
  const fs = await openSftpFs(placeOf(server), root, clock, never)
  try {
    await fs.write('old', [new Uint8Array(10)], never)
    expect(await fs.free(never)).toBe(Math.floor(disk.freeBytes / 4096) * 4096)
    disk.freeBytes = 40_000
    await expect(fs.write('large', [new Uint8Array(100_000)], never)).rejects.toMatchObject({ code: 'device/no-space', message: 'There is no room for large' })
    disk.freeBytes = 0
    const full = { code: 'device/no-space' }
    await expect(fs.write('new', [new Uint8Array(1)], never)).rejects.toMatchObject(full)
    await expect(fs.mkdir('folder', never)).rejects.toMatchObject(full)
    await expect(fs.symlink('old', 'link', never)).rejects.toMatchObject(full)
    await expect(fs.rename('old', 'other', never)).rejects.toMatchObject(full)
    expect(await fs.list('', never)).toEqual(['large', 'old'])
    // Nothing but a look, and what takes away, needs room.
    await fs.remove('large', never)
    await expect(fs.mkdir('old', never)).rejects.toMatchObject({ code: 'device/exists' })
    disk.freeBytes = 10_000_000
    await expect(fs.rename('old', 'no/such/folder', never)).rejects.toMatchObject({ code: 'device/not-found' })
  } finally {
    await fs.close()
    await server.close()
    await dispose()
  }
})

test('a root that is not there, or is a file, is named whole', async () => {
  const server = await serveSsh({ sftp: (sftp) => { serveFiles(sftp, { extensions: true }) } })
  const { root, dispose } = await preparedFolder()
  try {
    await writeFile(join(root, 'file'), '')
    for (const [path, words] of [['nosuch', 'There is no folder'], ['no/such', 'There is no folder'], ['file', 'is no folder']] as const) {
      await expect(openSftpFs(placeOf(server), join(root, path), clock, never)).rejects.toMatchObject({ code: 'input/not-found', message: expect.stringMatching(new RegExp(`${words}.*|.*${words}`)) as string, context: { path: join(root, path) }, hint: expect.stringContaining('opt/tope/versions') as string })
    }
  } finally {
    await server.close()
    await dispose()
  }
})

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
