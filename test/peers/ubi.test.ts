import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseUbi } from '../../src/main/protocols/ubi/parser.ts'
import { volumeBytes } from '../../src/main/protocols/ubi/volumes.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'

const programs = ['ubinize', 'mkfs.ubifs', 'mksquashfs']
const missing = programs.filter((name) => !findProgram(name))

describeWithPeer('UBI images made by mtd-utils', missing, () => {
  const eraseBytes = 128 * 1024
  const lebBytes = eraseBytes - 2 * 2048
  let folder = ''
  const run = (name: string, ...given: string[]): void => {
    // The tools for flash live where only root's path leads.
    execFileSync(name, given, { cwd: folder, stdio: 'pipe', env: { ...process.env, PATH: [process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(delimiter) } })
  }
  const section = (id: number, name: string, type: string, image: string, more = ''): string =>
    `[v${id}]\nmode=ubi\nimage=${image}\nvol_id=${id}\nvol_type=${type}\nvol_name=${name}\n${more}\n`
  const read = (name: string): Uint8Array => readFileSync(join(folder, name))

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rackbench-ubi-'))
    mkdirSync(join(folder, 'tree'))
    for (let index = 0; index < 5; index += 1) writeFileSync(join(folder, 'tree', `f${index}`), Uint8Array.from({ length: 100_000 }, (_, at) => (at * 7 + index * (at >> 8)) & 0xff))
    run('mkfs.ubifs', '-m', '2048', '-e', String(lebBytes), '-c', '800', '-r', 'tree', '-o', 'root.ubifs')
    run('mksquashfs', 'tree', 'root.squashfs', '-comp', 'xz', '-noappend')
    writeFileSync(join(folder, 'layout.cfg'), [
      section(0, 'rootfs', 'dynamic', 'root.ubifs', 'vol_size=20MiB\nvol_flags=autoresize'),
      section(1, 'kernel', 'static', 'root.squashfs', 'vol_size=2MiB'),
      section(5, 'squash', 'dynamic', 'root.squashfs', 'vol_size=2MiB'),
    ].join('\n'))
    run('ubinize', '-o', 'flash.ubi', '-m', '2048', '-p', '128KiB', '-Q', '4711', 'layout.cfg')
    run('ubinize', '-o', 'nor.ubi', '-m', '1', '-p', '64KiB', 'layout.cfg')
  })
  afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

  test('NAND: names, kinds, file systems and contents', () => {
    const image = parseUbi(read('flash.ubi'))
    expect(image).toMatchObject({ eraseBytes, lebBytes, imageSequence: 4711, problems: [] })
    expect(image.volumes.map(({ id, name, kind, fileSystem, growsToFill }) => [id, name, kind, fileSystem?.kind, growsToFill])).toEqual([
      [0, 'rootfs', 'dynamic', 'ubifs', true], [1, 'kernel', 'static', 'squashfs', false], [5, 'squash', 'dynamic', 'squashfs', false],
    ])
    const [rootfs, kernel, squash] = image.volumes
    const ubifs = read('root.ubifs')
    expect(Buffer.compare(volumeBytes(kernel!), read('root.squashfs'))).toBe(0)
    expect(Buffer.compare(volumeBytes(squash!).subarray(0, read('root.squashfs').length), read('root.squashfs'))).toBe(0)
    const found = volumeBytes(rootfs!)
    expect(rootfs?.fileSystem).toMatchObject({ lebBytes, lebs: rootfs?.lebs.length, maxLebs: 800, crcOk: true })
    expect(Buffer.compare(found, ubifs.subarray(0, found.length))).toBe(0)
    expect(ubifs.subarray(found.length).every((byte) => byte === 0xff)).toBe(true)
    expect(kernel?.fileSystem).toMatchObject({ kind: 'squashfs', compression: 'xz' })
  })

  test('NOR: other headers, and a UBIFS that does not fit the blocks is told', () => {
    const image = parseUbi(read('nor.ubi'))
    expect(image).toMatchObject({ eraseBytes: 64 * 1024, lebBytes: 64 * 1024 - 128 })
    expect(image.problems.map(({ message }) => message)).toEqual([`Volume "rootfs": its UBIFS was made for blocks of ${lebBytes} bytes and these have ${64 * 1024 - 128}`])
    expect(Buffer.compare(volumeBytes(image.volumes[1]!), read('root.squashfs'))).toBe(0)
  })
})
