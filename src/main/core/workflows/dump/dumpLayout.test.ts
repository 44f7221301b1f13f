import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findLayout, stretchesOf } from './dumpLayout.ts'

const mib = 1024 * 1024
const request = { form: 'folder' } as const
const nothing = { mtdparts: undefined, bootargs: undefined }
const names = (layout: ReturnType<typeof findLayout>): string => layout.ranges.map(({ name, index, offsetBytes, lengthBytes }) => `${name}#${index}@${offsetBytes / 1024}+${lengthBytes / 1024}`).join(' ')

test('the camera\'s variable, then its kernel line, then the whole flash', () => {
  const variable = findLayout({ request, mtdparts: 'hi_sfc:256k(boot),-(rest)', bootargs: 'x mtdparts=y:64k(a),-(b)', flashBytes: mib })
  expect([variable.from, names(variable), variable.warnings]).toEqual(['mtdparts', 'boot#0@0+256 rest#1@256+768', []])
  const args = findLayout({ request, mtdparts: '', bootargs: 'mem=32M mtdparts=hi_sfc:64k(a),-(b) init=/init', flashBytes: mib })
  expect([args.from, args.mtdparts, names(args)]).toEqual(['bootargs', 'hi_sfc:64k(a),-(b)', 'a#0@0+64 b#1@64+960'])
  const none = findLayout({ request, ...nothing, bootargs: 'mtdparts=${mtdparts}', flashBytes: mib })
  expect([none.from, names(none), none.mtdparts]).toEqual(['whole flash', 'flash#0@0+1024', 'flash:0x100000(flash)'])
  expect(none.warnings.join()).toContain('knows no partition table')
})
test('a table of the camera that cannot be is left, one that a person gave is refused', () => {
  const bad = findLayout({ request, mtdparts: 'x:2m(too_large)', bootargs: 'mtdparts=x:nonsense', flashBytes: mib })
  expect(names(bad)).toBe('flash#0@0+1024')
  expect(bad.warnings).toHaveLength(3)
  expect(() => findLayout({ request: { ...request, mtdparts: 'x:2m(too_large)' }, ...nothing, flashBytes: mib })).toThrow(expect.objectContaining({ code: 'input/conflict' }))
})
test('overlaps and empty parts get no file and keep the numbers of the others; gaps are told', () => {
  const layout = findLayout({ request, mtdparts: 'x:64k(a),1m@0(all),64k@128k(c)', bootargs: undefined, flashBytes: mib })
  expect(names(layout)).toBe('a#0@0+64 c#2@128+64')
  expect(layout.warnings.join('\n')).toMatch(/all lies over a[^]*0x10000 to 0x20000 belongs to no partition[^]*0x30000 to 0x100000/)
  expect(names(findLayout({ request, mtdparts: 'x:1m(a),-(none)', bootargs: undefined, flashBytes: mib }))).toBe('a#0@0+1024')
})
test('one partition by its name or its number; the image needs no table', () => {
  const of = (partition: string) => findLayout({ request: { ...request, partition }, mtdparts: 'x:64k(a),64k(mtd0),-(c)', bootargs: undefined, flashBytes: mib })
  expect(names(of('c'))).toBe('c#2@128+896')
  expect(names(of('mtd2'))).toBe('c#2@128+896')
  expect(names(of('mtd0'))).toBe('mtd0#1@64+64')
  expect(() => of('d')).toThrow(expect.objectContaining({ code: 'input/not-found' }))
  expect(names(findLayout({ request: { form: 'image' }, mtdparts: 'x:64k(a)', bootargs: undefined, flashBytes: mib }))).toBe('flash#0@0+1024')
})
test('stretches hold every byte of every range once, in order, and none is longer than allowed', () => {
  const lengths = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 2 }), length: fc.integer({ min: 1, max: 50 }) }), { minLength: 1, maxLength: 12 })
  fc.assert(fc.property(lengths, fc.integer({ min: 1, max: 64 }), (list, most) => {
    let at = 0
    const ranges = list.map(({ gap, length }, index) => {
      const offsetBytes = at + gap
      at = offsetBytes + length
      return { index, name: `p${index}`, offsetBytes, lengthBytes: length }
    })
    const stretches = stretchesOf(ranges, most)
    const seen = stretches.flatMap((stretch) => {
      expect(stretch.lengthBytes).toBeLessThanOrEqual(most)
      expect(stretch.slices.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)).toBe(stretch.lengthBytes)
      return stretch.slices.flatMap((slice) => Array.from({ length: slice.lengthBytes }, (_, index) => {
        expect(stretch.offsetBytes + slice.stretchOffsetBytes).toBe(slice.range.offsetBytes + slice.rangeOffsetBytes)
        return stretch.offsetBytes + slice.stretchOffsetBytes + index
      }))
    })
    expect(seen).toEqual(ranges.flatMap(({ offsetBytes, lengthBytes }) => Array.from({ length: lengthBytes }, (_, index) => offsetBytes + index)))
  }))
})
