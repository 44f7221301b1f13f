import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { applyTransaction } from '../../src/main/core/ota/applyTransaction.ts'
import { recoverTransaction } from '../../src/main/core/ota/recoverTransaction.ts'
import type { DeviceFs } from '../../src/shared/devices/deviceFs.ts'
import { boardPlaces, never, otaRig, sha256Of } from '../support/otaRig.ts'

export interface OpenedFs {
  readonly fs: DeviceFs
  /** Something outside of the root, and a link to it inside, where the far end can be prepared so. */
  readonly plantEscape?: (link: string) => Promise<void>
  /** Somebody else removes a file there. */
  readonly takeAway?: (path: string) => Promise<void>
  readonly dispose: () => Promise<void>
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What every way to the files of a device does. The root is empty at the start. */
export function describeDeviceFs(name: string, open: () => Promise<OpenedFs>): void {
  describe(`device files contract: ${name}`, () => {
    let opened: OpenedFs
    let fs: DeviceFs
    beforeEach(async () => { opened = await open(); fs = opened.fs })
    afterEach(async () => { await opened.dispose() })
    const write = async (path: string, text: string): Promise<void> => fs.write(path, [bytesOf(text)], never)
    const read = async (path: string, offset?: number): Promise<string> => {
      const parts: Uint8Array[] = []
      for await (const piece of fs.read(path, never, offset)) parts.push(piece)
      return Buffer.concat(parts).toString('utf8')
    }

    test('what is written is read, from an offset too; a file of no length is a file', async () => {
      await write('a.txt', 'hello')
      await write('empty', '')
      expect([await read('a.txt'), await read('a.txt', 3), await read('empty'), await read('a.txt', 99)]).toEqual(['hello', 'lo', '', ''])
      expect(await fs.stat('a.txt', never)).toMatchObject({ kind: 'file', size: 5 })
      expect(await fs.stat('empty', never)).toMatchObject({ kind: 'file', size: 0 })
      expect(await fs.stat('', never)).toMatchObject({ kind: 'folder' })
      expect([await fs.stat('nothing', never), await fs.stat('no/where', never), await fs.stat('a.txt/below', never)]).toEqual([undefined, undefined, undefined])
    })

    test('a second write replaces the whole content, an append adds to it', async () => {
      await write('a.txt', 'a long first text')
      await write('a.txt', 'short')
      await fs.write('a.txt', [bytesOf(' and'), bytesOf(' more')], never, { append: true })
      expect(await read('a.txt')).toBe('short and more')
    })

    test('megabytes in odd pieces arrive as they are', async () => {
      const whole = new Uint8Array(1_500_001).map((_, index) => (index * 7 + (index >> 8)) & 0xff)
      const pieces = [whole.subarray(0, 1), whole.subarray(1, 70_000), whole.subarray(70_000, 70_000), whole.subarray(70_000)]
      await fs.write('big.bin', pieces, never)
      const parts: Uint8Array[] = []
      for await (const piece of fs.read('big.bin', never)) parts.push(piece)
      expect(sha256Of(Buffer.concat(parts))).toBe(sha256Of(whole))
    })

    test('names are listed by code point, of every alphabet, with blanks and quotes', async () => {
      const names = ['b', 'a', 'Z', 'ü.py', '\u{1f600}', '\uffee', "it's \"quoted\" $HOME", '-rf', '.hidden']
      for (const each of names) await write(each, each)
      expect(await fs.list('', never)).toEqual([...names].sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0)))
      for (const each of names) expect(await read(each)).toBe(each)
    })

    test('folders: made once, listed, removed when they are empty', async () => {
      await fs.mkdir('lib', never)
      await expect(fs.mkdir('lib', never)).rejects.toMatchObject({ code: 'device/exists' })
      await expect(fs.mkdir('no/where', never)).rejects.toMatchObject({ code: 'device/not-found' })
      await write('lib/a.py', 'x')
      expect([await fs.list('', never), await fs.list('lib', never), (await fs.stat('lib', never))?.kind]).toEqual([['lib'], ['a.py'], 'folder'])
      await expect(fs.remove('lib', never)).rejects.toMatchObject({ code: 'device/refused' })
      await fs.remove('lib/a.py', never)
      await fs.remove('lib', never)
      expect(await fs.list('', never)).toEqual([])
    })

    test('what is not there is told so', async () => {
      for (const work of [async () => read('x'), async () => fs.list('x', never), async () => fs.remove('x', never), async () => fs.rename('x', 'y', never), async () => write('x/y', ''), async () => fs.sync('x', never)]) {
        await expect(work()).rejects.toMatchObject({ code: 'device/not-found' })
      }
    })

    test('a folder is not read, written, or renamed over', async () => {
      await fs.mkdir('lib', never)
      await write('a', 'a')
      await expect(read('lib')).rejects.toMatchObject({ name: 'WorkbenchError' })
      await expect(write('lib', 'x')).rejects.toMatchObject({ name: 'WorkbenchError' })
      await expect(fs.rename('a', 'lib', never)).rejects.toMatchObject({ name: 'WorkbenchError' })
      await expect(fs.list('a', never)).rejects.toMatchObject({ name: 'WorkbenchError' })
      expect(await read('a')).toBe('a')
    })

    test('a rename moves into another folder, and replaces only where that is promised', async () => {
      await fs.mkdir('lib', never)
      await write('a', 'new')
      await write('lib/b', 'old')
      if (fs.abilities.replaces) {
        await fs.rename('a', 'lib/b', never)
        expect([await fs.list('', never), await read('lib/b')]).toEqual([['lib'], 'new'])
      } else {
        await expect(fs.rename('a', 'lib/b', never)).rejects.toMatchObject({ code: 'device/exists' })
        expect([await read('a'), await read('lib/b')]).toEqual(['new', 'old'])
        await fs.rename('a', 'lib/c', never)
        expect(await fs.list('lib', never)).toEqual(['b', 'c'])
      }
    })

    test('links: told as they are, replaced in one step, never followed', async () => {
      if (!fs.abilities.links) { await expect(fs.symlink('x', 'y', never)).rejects.toMatchObject({ code: 'device/refused' }); return }
      await fs.mkdir('v1', never)
      await write('v1/x', 'x')
      await fs.symlink('v1', 'current', never)
      await expect(fs.symlink('v1', 'current', never)).rejects.toMatchObject({ code: 'device/exists' })
      expect([(await fs.stat('current', never))?.kind, await fs.readlink('current', never)]).toEqual(['link', 'v1'])
      for (const work of [async () => read('current/x'), async () => write('current/y', 'y'), async () => fs.list('current/', never), async () => fs.remove('current/x', never), async () => write('current', 'y'), async () => fs.rename('v1/x', 'current/z', never), async () => fs.chmod('current', 0o600, never)]) {
        await expect(work()).rejects.toMatchObject({ name: 'WorkbenchError' })
      }
      await fs.symlink('nowhere', 'dangling', never)
      expect(await fs.readlink('dangling', never)).toBe('nowhere')
      if (fs.abilities.replaces) {
        await fs.rename('dangling', 'current', never)
        expect(await fs.readlink('current', never)).toBe('nowhere')
      }
      await fs.remove('current', never)
      expect(await read('v1/x')).toBe('x')
    })

    test.each(['..', '../x', '/etc/passwd', 'a/../../x', 'a//b', './a', 'a/', 'a\0b'])('"%s" is no place', async (path) => {
      await expect(fs.stat(path, never)).rejects.toMatchObject({ code: 'device/refused' })
      await expect(fs.write(path, [bytesOf('x')], never)).rejects.toMatchObject({ code: 'device/refused' })
    })

    test('a link that was planted does not lead out of the root', async () => {
      if (!opened.plantEscape) return
      await opened.plantEscape('out')
      for (const work of [async () => fs.list('out/', never), async () => read('out/secret'), async () => write('out/new', 'x'), async () => fs.mkdir('out/new', never), async () => fs.stat('out/secret', never)]) {
        await expect(work()).rejects.toMatchObject({ code: 'device/refused' })
      }
      await expect(fs.list('out', never)).rejects.toMatchObject({ name: 'WorkbenchError' })
    })

    test('permission bits, where there are any', async () => {
      if (!fs.abilities.modes) return
      await fs.write('run', [bytesOf('#!/bin/sh\n')], never, { mode: 0o755 })
      expect((await fs.stat('run', never))?.mode).toBe(0o755)
      await fs.chmod('run', 0o440, never)
      expect((await fs.stat('run', never))?.mode).toBe(0o440)
    })

    test('everything can be synced: files, folders, all of it', async () => {
      await fs.mkdir('lib', never)
      await write('lib/a', 'a')
      await fs.rename('lib/a', 'lib/b', never)
      for (const path of ['lib/b', 'lib', '', undefined]) await fs.sync(path, never)
      const free = await fs.free(never)
      expect(free === undefined || free >= 0).toBe(true)
    })

    test('what somebody else took away does not stop a sync of the rest', async () => {
      if (!opened.takeAway) return
      await write('mine', 'mine')
      await write('gone', 'gone')
      await opened.takeAway('gone')
      await fs.sync(undefined, never)
      await expect(fs.sync('gone', never)).rejects.toMatchObject({ code: 'device/not-found' })
      expect(await read('mine')).toBe('mine')
    })

    test('cancelled before it begins, nothing is done', async () => {
      const reason = new Error('closed the window')
      await expect(fs.write('a', [bytesOf('x')], AbortSignal.abort(reason))).rejects.toBe(reason)
      expect(await fs.list('', never)).toEqual([])
    })

    test('a transaction of files and links goes over it, and back', async () => {
      const links = fs.abilities.links
      await write('app.txt', 'old')
      await write('gone.txt', 'gone')
      if (links) await fs.symlink('v1', 'current', never)
      const stage = async (): Promise<void> => { await fs.mkdir('.ota_stage', never); await fs.write('.ota_stage/app', [bytesOf('new')], never); await fs.write('.ota_stage/more', [bytesOf('more')], never) }
      await stage()
      const { deps } = otaRig(fs)
      const request = { wishes: [
        { kind: 'put', target: 'app.txt', staged: '.ota_stage/app', sha256: sha256Of('new') }, { kind: 'put', target: 'lib/deep/more.txt', staged: '.ota_stage/more', sha256: sha256Of('more') },
        { kind: 'delete', target: 'gone.txt' }, ...(links ? [{ kind: 'link', target: 'current', to: 'v2' }] as const : []),
      ], state: { target: 'version.json', text: '{"ref":"v2","commit":"2"}' }, from: null, to: 'v2' } as const
      // The first try fails under way: a folder stands where the version should go.
      const broken: DeviceFs = { ...fs, rename: async (from, to, signal) => { if (to === 'version.json') throw new Error('cut'); await fs.rename(from, to, signal) } }
      await expect(applyTransaction(request, { ...deps, fs: broken }, never)).rejects.toThrow()
      expect([await read('app.txt'), await read('gone.txt'), links ? await fs.readlink('current', never) : 'v1', await fs.stat('version.json', never)]).toEqual(['old', 'gone', 'v1', undefined])
      expect(await recoverTransaction(deps, never)).toEqual({ end: 'nothing' })
      await stage()
      expect(await applyTransaction(request, deps, never)).toMatchObject({ end: 'new' })
      expect([await read('app.txt'), await read('lib/deep/more.txt'), await fs.stat('gone.txt', never), links ? await fs.readlink('current', never) : 'v2', await read('version.json')]).toEqual(['new', 'more', undefined, 'v2', request.state.text])
      expect((await fs.list('', never)).filter((each) => each.startsWith(boardPlaces.backup) || each.startsWith('.ota'))).toEqual([])
    })
  })
}
