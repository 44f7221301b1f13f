import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { parseIncremental } from '../../../protocols/updater/incremental.ts'
import { parsePackageManifest, unitsInOrder } from '../../../protocols/updater/manifest.ts'
import { writePackageManifest } from '../../../protocols/updater/writeManifest.ts'
import { filesThatStay, unitsWithBase } from '../updater/incremental.ts'
import { changesBetween, type PackedFile, proveChanges, proveFiles, wholePackageOf, type WholePackage } from './packageChanges.ts'

const file = (path: string, content: number, mode = 0o644): PackedFile => ({ path, sha256: String(content).repeat(64).slice(0, 64), sizeBytes: content * 10 + 1, mode })
const older = wholePackageOf('1.1.0', [file('bin/app', 1, 0o755), file('lib/gone', 2), file('lib/kept', 3)], [{ unit: 'app.service', path: 'bin/app' }])
const newer = wholePackageOf('1.2.0', [file('bin/app', 4, 0o755), file('bin/more', 5, 0o755), file('lib/kept', 3)], [{ unit: 'app.service', path: 'bin/app' }, { unit: 'more.service', path: 'bin/more' }])

describe('a whole package of a folder', () => {
  test('a module for each file, with its hash and its place; services in the order in which they were named', () => {
    expect(newer.manifest.modules[1]).toMatchObject({ name: 'bin/more', src: 'files/bin/more', dst: '/opt/tope/bin/more', unit: 'more.service', order: 1, sizeBytes: 51 })
    expect([unitsInOrder(newer.manifest), newer.manifest.modules[2]?.unit]).toEqual([['app.service', 'more.service'], undefined])
  })
  test.each<[string, () => unknown, string]>([
    ['no file', () => wholePackageOf('1.0.0', [], []), 'No file'],
    ['more than a manifest may have', () => wholePackageOf('1.0.0', Array.from({ length: 2001 }, (_, index) => file(`f${String(index)}`, 1)), []), '2001 files'],
    ['a service without its file', () => wholePackageOf('1.0.0', [file('a', 1)], [{ unit: 'a.service', path: 'b' }]), 'no such file'],
    ['two services of one file', () => wholePackageOf('1.0.0', [file('a', 1)], [{ unit: 'a.service', path: 'a' }, { unit: 'b.service', path: 'a' }]), 'two services'],
    ['no unit', () => wholePackageOf('1.0.0', [file('a', 1)], [{ unit: '--now', path: 'a' }]), 'no name of a unit'],
    ['a version of two numbers', () => wholePackageOf('1.0', [file('a', 1)], []), 'no version'],
    ['what the updater keeps for itself', () => wholePackageOf('1.0.0', [file('versions/a', 1)], []), "updater's own"],
  ])('%s is refused in words', (_, make, said) => { expect(make).toThrow(said) })
})

describe('what changed between two packages', () => {
  test('what is new and what differs is brought, the rest stays, what is gone is named', () => {
    expect(changesBetween(older, newer)).toMatchObject({ brought: [{ path: 'bin/app' }, { path: 'bin/more' }], keptFiles: 1, deleted: ['/opt/tope/lib/gone'] })
  })
  test('another mode alone is a change; where files only go, the smallest comes along, since a manifest wants a module', () => {
    expect(changesBetween(older, wholePackageOf('1.2.0', [older.files[0] ?? file('', 0), older.files[1] ?? file('', 0), file('lib/kept', 3, 0o600)], [{ unit: 'app.service', path: 'bin/app' }])).brought).toMatchObject([{ path: 'lib/kept' }])
    expect(changesBetween(older, wholePackageOf('1.2.0', older.files.slice(0, 2), [{ unit: 'app.service', path: 'bin/app' }]))).toMatchObject({ brought: [{ path: 'bin/app' }], deleted: ['/opt/tope/lib/kept'] })
  })
  test('a module with commands is always brought, since they would run with the whole package, too', () => {
    const commanded: WholePackage = { ...newer, manifest: { ...newer.manifest, modules: newer.manifest.modules.map((module) => (module.path === 'lib/kept' ? { ...module, postCommands: ['true'] } : module)) } }
    expect(changesBetween(older, commanded).brought.map(({ path }) => path)).toContain('lib/kept')
  })
  test('a service that goes, another order of services, and one version twice are refused', () => {
    expect(() => changesBetween(newer, { ...older, manifest: { ...older.manifest, version: '1.3.0' } })).toThrow('no longer has more.service')
    const turned = wholePackageOf('1.3.0', newer.files, [{ unit: 'more.service', path: 'bin/more' }, { unit: 'app.service', path: 'bin/app' }])
    expect(() => changesBetween(newer, turned)).toThrow('in the order more.service, app.service')
    expect(() => changesBetween(newer, newer)).toThrow('Both packages are version 1.2.0')
  })
  test('what was made is followed as a device would, and one wrong byte, mode or path is noticed', () => {
    const { brought, incrementalText, manifestText } = changesBetween(older, newer)
    const made = { manifest: parsePackageManifest(manifestText), incrementalText, files: newer.files.filter(({ path }) => brought.some((each) => each.path === path)) }
    expect(() => { proveChanges(older, newer, made) }).not.toThrow()
    for (const files of [[file('bin/app', 9, 0o755), file('bin/more', 5, 0o755)], [file('bin/app', 4), file('bin/more', 5, 0o755)], [file('bin/app', 4, 0o755)]]) expect(() => { proveChanges(older, newer, { ...made, files }) }).toThrow('read back')
    expect(() => { proveChanges({ ...older, manifest: { ...older.manifest, version: '1.0.9' } }, newer, made) }).toThrow('does not build on')
    expect(() => { proveFiles(newer.files, older.files) }).toThrow('does not hold')
  })

  const paths = ['a', 'b', 'c/a', 'c/b', 'd/e/f', 'g']
  const tree = fc.uniqueArray(fc.record({ path: fc.constantFrom(...paths), content: fc.nat(4), mode: fc.constantFrom(0o644, 0o755), hasUnit: fc.boolean() }), { minLength: 1, selector: ({ path }) => path })
  const packageOf = (version: string, all: readonly { readonly path: string; readonly content: number; readonly mode: number; readonly hasUnit: boolean }[]): WholePackage =>
    wholePackageOf(version, all.map(({ path, content, mode }) => file(path, content, mode)), all.filter(({ hasUnit }) => hasUnit).map(({ path }) => ({ unit: `${path.replaceAll('/', '-')}.service`, path })))
  test('whatever the two trees: refused in words, or exactly the newer files and services come out on a device with the older ones', () => {
    fc.assert(fc.property(tree, tree, (one, other) => {
      const [from, to] = [packageOf('1.0.0', one), packageOf('1.1.0', other)]
      let changes
      try { changes = changesBetween(from, to) } catch (error) { expect((error as WorkbenchError).code).toBe('input/not-supported'); return }
      const manifest = parsePackageManifest(changes.manifestText)
      expect(manifest.modules).toEqual(changes.brought)
      const brought = new Set(manifest.modules.map(({ path }) => path))
      const incremental = parseIncremental(changes.incrementalText, '1.1.0')
      const after = [...filesThatStay(incremental, brought, from.files), ...to.files.filter(({ path }) => brought.has(path))]
      const sorted = (files: readonly PackedFile[]): readonly PackedFile[] => [...files].sort((a, b) => (a.path < b.path ? -1 : 1))
      expect(sorted(after)).toEqual(sorted(to.files))
      expect(unitsWithBase({ units: unitsInOrder(from.manifest) }, unitsInOrder(manifest))).toEqual(unitsInOrder(to.manifest))
      proveChanges(from, to, { manifest, incrementalText: changes.incrementalText, files: to.files.filter(({ path }) => brought.has(path)) })
    }), { numRuns: 400 })
  })
  test('what is written is read as it was meant', () => {
    expect(parsePackageManifest(writePackageManifest(newer.manifest))).toEqual(newer.manifest)
  })
})
