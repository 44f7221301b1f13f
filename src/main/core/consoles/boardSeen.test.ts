import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boardViewSchema } from '../../../shared/rack/boardFacts.schema.ts'
import { boardClues, boardFactsIn } from './boardSeen.ts'

const told = (line: string): readonly string[] => [...new Set(boardClues.flatMap(({ fact, read }) => { const text = read(line); return text === undefined ? [] : [`${fact} ${text}`] }))]

describe('what a console says of its board', () => {
  test.each([
    ['Get data from environment and set SENSOR as imx307', 'sensor imx307'],
    ['sensor=SC2315E', 'sensor sc2315e'],
    ['=========== Sony imx335 sensor 1080P30fps init success!', 'sensor imx335'],
    ['SF: Detected W25Q128 with page size 256 Bytes, erase size 64 KiB, total 16 MiB', 'flash W25Q128, 16 MiB'],
    ['Block:64KB Chip:16MB Name:"W25Q128"', 'flash W25Q128, 16 MiB'],
    ['[    0.000000] Kernel command line: mem=32M console=ttyAMA0,115200 mtdparts=hi_sfc:256k(boot),64k(env),-(rootfs_data) rw', 'partitions hi_sfc:256k(boot),64k(env),-(rootfs_data)'],
  ])('%s', (line, fact) => {
    expect(told(line)).toEqual([fact])
    expect(Object.entries(boardFactsIn(line)).map((each) => each.join(' '))).toEqual([fact])
  })

  test.each([
    'majestic: sensor is not ready', 'sensor=', 'sensor=imx307; reboot', 'set SENSOR as ../../etc', 'SF: Detected <script> with page size 256 Bytes, total 16 MiB',
    // Typed, and perhaps for another camera.
    'setenv mtdparts hi_sfc:256k(boot)', 'mtdparts=hi_sfc:256k(boot)', '[    0.000000] Kernel command line: mtdparts=$(reboot)',
  ])('%s tells nothing', (line) => {
    expect(told(line)).toEqual([])
    expect(boardFactsIn(line)).toEqual({})
  })

  test('whatever a line holds, what it tells is short, plain and of the schema', () => {
    const noise = fc.oneof(fc.string({ maxLength: 400 }), fc.constantFrom('set SENSOR as ', 'sensor=', 'SF: Detected ', ' total 16 MiB', 'Kernel command line: mtdparts=', 'Chip:16MB Name:"', 'init ok', 'imx335', '"'))
    fc.assert(fc.property(fc.array(noise, { maxLength: 6 }), (pieces) => {
      for (const { fact, read } of boardClues) {
        const text = read(pieces.join(''))
        if (text === undefined) continue
        expect(text).toMatch(/^[\x20-\x7e]{1,320}$/)
        boardViewSchema.parse({ facts: [{ fact, text, atMs: 0, session: '20260512-083000-0a1b2c', offset: 0 }], note: '' })
      }
    }))
  })
})
