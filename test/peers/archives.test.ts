import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readReleaseTarball } from '../../src/main/drivers/files/releaseTarball.ts'
import { readZip } from '../../src/main/drivers/profiles/zipFiles.ts'
import { readRelease } from '../../src/main/protocols/openipc/release.ts'
import { md5Hex, norRelease } from '../support/releaseFixture.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'

const missing = ['tar', 'zip', 'md5sum'].filter((name) => !findProgram(name))

describeWithPeer('archives made by tar and zip', missing, () => {
  const { signal } = new AbortController()
  const long = `${'deep/'.repeat(20)}${'n'.repeat(120)}.json`
  let folder = ''
  const run = (name: string, ...given: string[]): void => { execFileSync(name, given, { cwd: join(folder, 'in'), stdio: 'pipe' }) }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rackbench-archives-'))
    await mkdir(join(folder, 'in', long.slice(0, long.lastIndexOf('/'))), { recursive: true })
    for (const { name, bytes } of norRelease().filter((each) => !each.name.endsWith('.md5sum'))) await writeFile(join(folder, 'in', name), bytes)
    run('sh', '-c', 'for each in uImage.* rootfs.*; do md5sum "$each" > "$each.md5sum"; done')
    await writeFile(join(folder, 'in', long), '{"name":"x"}')
  })
  afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

  test.each([['gnu'], ['posix'], ['ustar'], ['oldgnu']])('a release, %s format, with and without ./', async (format) => {
    const path = join(folder, `${format}.tgz`)
    for (const what of ['.', 'flat']) {
      run('sh', '-c', what === '.' ? `rm -rf ../all && mkdir ../all && cp uImage* rootfs* ../all && tar --format=${format} -C ../all -czf ${path} .` : `tar --format=${format} -czf ${path} uImage* rootfs*`)
      expect(readRelease(await readReleaseTarball(path, signal), { md5Hex })).toMatchObject({ kind: 'nor', soc: 'hi3516ev300', kernel: { md5: 'matches' }, rootfs: { md5: 'matches' }, warnings: [] })
    }
  })

  test.each([['gnu'], ['posix']])('long names, %s format', async (format) => {
    const path = join(folder, 'long.tgz')
    run('tar', `--format=${format}`, '-czf', path, 'deep')
    expect((await readReleaseTarball(path, signal, { maxMembers: 100, maxFileBytes: 1000, maxTotalBytes: 1_000_000, special: 'refuse' })).map(({ name, bytes }) => [name, bytes.length])).toEqual([[long, 12]])
  })

  test('zip, with and without packing', async () => {
    for (const level of ['-0', '-9']) {
      const path = join(folder, `x${level}.zip`)
      run('zip', '-q', '-r', level, path, '.')
      const files = await readZip('x.zip', await readFile(path), { maxMembers: 100, maxFileBytes: 1_000_000, maxTotalBytes: 9_000_000 }, () => true, signal)
      expect(files.map(({ name }) => name).sort()).toEqual([...norRelease().map(({ name }) => name), long].sort())
      expect(Buffer.compare(files.find(({ name }) => name.startsWith('uImage') && !name.endsWith('sum'))!.bytes, norRelease()[0]!.bytes)).toBe(0)
    }
  })
})
