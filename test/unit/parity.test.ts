import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, matchesGlob } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/parity.md'), 'utf8')
const files = ['src', 'test'].flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path.replaceAll('\\', '/')}`))
const [features = '', edges = ''] = page.split('## Edge cases')

const rowsOf = (part: string): string[][] => part.split('\n').filter((line) => /^\| (?!Feature)\w/.test(line)).map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')))
/** A path from the root, a pattern of paths, or the bare name of one file. */
const found = (named: string): readonly string[] => files.filter((path) => (named.includes('/') ? path === named || matchesGlob(path, named) || path.startsWith(`${named}/`) : matchesGlob(basename(path), named)))
const namedTests = (text: string): readonly string[] => [...text.matchAll(/`([\w./*-]+)`/g)].map(([, name = '']) => name).filter((name) => /\.test\.ts$|\.contract\.ts$|^test\//.test(name))

/** The features of the public tool, in its own order. */
const known = [
  'RAM boot (burn)', 'pod fastboot', 'install', 'restore', 'pod TFTP', 'host TFTP', 'power: RouterOS', 'power: Vectis', 'power: pod', 'agent', 'flash doctor', 'dump',
  'capture/replay', 'detect', 'network', 'discovery', 'profiles', 'U-Boot download', 'terminal/TUI/web',
]

describe('the page of parity', () => {
  test('each feature has its row, with a test that exists', () => {
    const rows = rowsOf(features)
    expect(known.filter((name) => !rows.some(([feature]) => feature === name))).toEqual([])
    for (const [feature = '', tests = ''] of rows) expect(namedTests(tests).length, feature).toBeGreaterThan(0)
  })
  test('each test that is named anywhere is a file that is there', () => {
    const named = namedTests(page)
    expect(named.length).toBeGreaterThan(100)
    expect(named.filter((name) => found(name).length === 0)).toEqual([])
  })
  test('each feature has its edge cases', () => {
    const rows = rowsOf(edges)
    expect(rows.map(([feature]) => feature).filter((feature) => !known.includes(feature ?? ''))).toEqual([])
    expect(known.filter((name) => !rows.some(([feature]) => feature === name))).toEqual([])
  })
})

describe('an edge case', () => {
  test.each(rowsOf(edges).map(([feature = '', edge = '', proof = '']) => [feature, edge, proof] as const))('%s, %s: the test has this title, or a reason says why there is none', (_feature, _edge, proof) => {
    const { file, title, reason } = /^`(?<file>[\w./]+)` "(?<title>.+)"$|^none: (?<reason>.{40,})$/.exec(proof)?.groups ?? {}
    if (reason !== undefined) return
    const paths = found(file ?? '')
    expect(paths).toHaveLength(1)
    const source = readFileSync(join(root, paths[0] ?? ''), 'utf8').replaceAll('\\\'', '\'')
    // A whole title, or the first cell of a row of `test.each`.
    expect(["'", '`'].some((quote) => source.includes(`${quote}${title ?? ''}${quote},`))).toBe(true)
  })
})
