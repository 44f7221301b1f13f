import { expect, test } from 'vitest'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { before, boardOf, filesAsked, isRaw, newFiles, oldFiles, oldVersion, release, textAt } from '../../support/mpyRelease.ts'
import { filesOn, folderOf, mpyRig, openSource } from '../../support/mpyRig.ts'
import { never } from '../../support/otaRig.ts'

test('what an interrupted download left on a board with little room counts for the next try, and what another version left makes room first', async () => {
  const [one, two] = ['1'.repeat(100_000), '2'.repeat(100_000)]
  const folder = await release({ 'a.py': one, 'b.py': two })
  const fs = boardOf(oldFiles, { capacityBytes: 450_000 })
  let isCut = true
  const { url, asked } = await openSource(folder, (request, response, pass) => { if (isCut && isRaw(request.url, 'b.py')) response.destroy(); else pass() })
  const rig = mpyRig(fs, url, { http_retries: 1 })
  await expect(rig.update()).rejects.toMatchObject({ code: 'link/unreachable' })
  expect([...fs.content().keys()].filter((path) => path.startsWith('.ota_stage/'))).toEqual(['.ota_stage/a.py'])
  isCut = false
  asked.length = 0
  expect(await rig.update()).toMatchObject({ end: 'updated' })
  expect([filesAsked(asked), filesOn(fs)['a.py'] === one, filesOn(fs)['b.py'] === two]).toEqual([['b.py'], true, true])
  // Of another version, and larger than the room that is left.
  const other = boardOf(oldFiles, { capacityBytes: 450_000 })
  other.put('.ota_stage/stranger.py', 'x'.repeat(200_000))
  expect(await mpyRig(other, url).update()).toMatchObject({ end: 'updated' })
  // A stage that says more than the file has is no credit.
  const liar = boardOf(oldFiles, { capacityBytes: 450_000 })
  liar.put('.ota_stage/a.py', 'x'.repeat(300_000))
  await expect(mpyRig(liar, url).update()).rejects.toMatchObject({ code: 'device/no-space' })
})

test.each(['the same', 'changed'] as const)('a name of which only the case changes stays on a board that knows no case (content %s), and its old spelling goes on one that does', async (content) => {
  const text = content === 'changed' ? 'kept = 2\n' : oldFiles['lib/kept.py'] ?? ''
  const { url } = await openSource(await release({ 'main.py': 'print("new")\n', 'lib/Kept.py': text }))
  const leaves = ['lib/kept.py', 'lib/gone.py']
  const fat = boardOf(oldFiles, { ignoresCase: true, mayLeaveBoth: true })
  expect(await mpyRig(fat, url, {}, { leaves }).update()).toMatchObject({ end: 'updated' })
  expect([await textAt(fat, 'lib/Kept.py'), await textAt(fat, 'lib/kept.py'), await fat.list('lib', never)]).toMatchObject([text, text, { length: 1 }])
  const littlefs = boardOf(oldFiles)
  expect(await mpyRig(littlefs, url, {}, { leaves }).update()).toMatchObject({ end: 'updated' })
  expect([await textAt(littlefs, 'lib/Kept.py'), await littlefs.list('lib', never)]).toEqual([text, ['Kept.py']])
  // Two files there, of which one goes.
  const both = boardOf({ ...oldFiles, 'lib/Kept.py': 'before' })
  expect(await mpyRig(both, url, {}, { leaves }).update()).toMatchObject({ end: 'updated' })
  expect([await textAt(both, 'lib/Kept.py'), await both.list('lib', never)]).toEqual([text, ['Kept.py']])
  // By pattern, and in the name of a folder.
  const tree = await openSource(await folderOf({ 'main/main.py': 'print("new")\n', 'main/Lib/kept.py': text }))
  for (const [ignoresCase, folders] of [[true, 1], [false, 1]] as const) {
    const board = boardOf(oldFiles, { ignoresCase })
    await mpyRig(board, tree.url, { channel: 'developer', branch: 'main', delete_patterns: ['lib', 'Lib'] }).update()
    expect([await textAt(board, 'Lib/kept.py'), (await board.list('', never)).filter((name) => name.toLowerCase() === 'lib' && [...board.content().keys()].some((path) => path.startsWith(`${name}/`))).length]).toEqual([text, folders])
  }
})

test('memory and clock: a board that has less than its configuration wants is refused before any download; one that does not tell is told of', async () => {
  const { url, asked } = await openSource(await release())
  const fs = boardOf()
  const readResources = async () => Promise.resolve({ freeBytes: 90_000, cpuMhz: 125 })
  await expect(mpyRig(fs, url, { min_free_mem: 90_001 }, { readResources }).update()).rejects.toMatchObject({ code: 'device/refused', message: 'The board has 90000 bytes of memory free, and its configuration wants 90001 for an update', context: { reason: 'INSUFFICIENT_RESOURCES' } })
  await expect(mpyRig(fs, url, { min_cpu_mhz: 133 }, { readResources }).update()).rejects.toMatchObject({ code: 'device/refused', message: expect.stringContaining('has 125 MHz') as string })
  expect([filesAsked(asked), filesOn(fs)]).toEqual([[], before()])
  const silent = mpyRig(fs, url, { min_free_mem: 1, min_cpu_mhz: 133 }, { readResources: async () => Promise.resolve({ freeBytes: 90_000 }) })
  expect(await silent.update()).toMatchObject({ end: 'updated' })
  expect(silent.events).toContainEqual({ type: 'note', words: 'The board does not tell what min_cpu_mhz asks for, so it is not looked at' })
  expect(silent.events).not.toContainEqual(expect.objectContaining({ words: expect.stringContaining('min_free_mem') as string }))
})

test('an hour between two updates, where the configuration says so: the second waits, and force does not', async () => {
  const folder = await release()
  const { url } = await openSource(folder)
  const fs = boardOf()
  expect(await mpyRig(fs, url, { min_update_interval_sec: 3600 }).update()).toMatchObject({ end: 'updated' })
  fs.put('version.json', oldVersion)
  expect(await mpyRig(fs, url, { min_update_interval_sec: 3600 }).update()).toMatchObject({ end: 'not-now', reason: expect.stringMatching(/^The board was updated \d+ s ago, and min_update_interval_sec wants 3600 s/) as string })
  expect(await mpyRig(fs, url, { min_update_interval_sec: 3600, force: true }).update()).toMatchObject({ end: 'updated' })
})

test.each([
  ['littlefs', { links: false, modes: false }, 'one'], ['FAT', { replaces: false, links: false, modes: false }, 'one'], ['a port without sync', { replaces: false, links: false, modes: false, syncs: false }, 'one'],
  ['littlefs', { links: false, modes: false }, 'all from there on'], ['FAT', { replaces: false, links: false, modes: false }, 'all from there on'],
] as const)('a full disk at any call of the whole engine (%s %j, %s): the board is old or new, and the next update goes through', { timeout: 120_000 }, async (_name, abilities, mode) => {
  const { url } = await openSource(await release())
  const after = { ...newFiles, 'config.json': '{}' }
  const ends = new Set<string>()
  let number = 1
  for (; number < 1_000; number += 1) {
    const fs = boardOf(oldFiles, { abilities })
    let hit = ''
    fs.fault = (call) => {
      const isHit = mode === 'one' ? call.number === number : call.number >= number && ['write', 'mkdir'].includes(call.name)
      if (isHit && hit === '') hit = `${String(number)}: ${call.name} ${call.path ?? ''}`
      return isHit ? 'no-space' : undefined
    }
    const rig = mpyRig(fs, url, { http_retries: 1 })
    await rig.update().catch((error: unknown) => { expect(error).toBeInstanceOf(WorkbenchError) })
    if (hit === '') break
    fs.fault = undefined
    const shownFiles = (): Record<string, string> => Object.fromEntries(Object.entries(filesOn(fs)).filter(([path]) => !/^\.?ota_/.test(path)))
    const { 'version.json': version = '', ...files } = shownFiles()
    expect([hit, files]).toEqual([hit, version === oldVersion ? oldFiles : after])
    ends.add(version === oldVersion ? 'old' : 'new')
    const again = await rig.update()
    expect([hit, ['updated', 'up-to-date'].includes(again.end), shownFiles()]).toEqual([hit, true, { ...after, 'version.json': JSON.stringify({ ref: 'v1.1.0', commit: again.commit }) }])
  }
  expect(number).toBeGreaterThan(mode === 'one' ? 100 : 50)
  expect([...ends].sort()).toEqual(['new', 'old'])
})
