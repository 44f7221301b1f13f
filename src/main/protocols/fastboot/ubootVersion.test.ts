import { expect, test } from 'vitest'
import { isNearlySameUboot, isSameUboot, ubootVersionsIn } from './ubootVersion.ts'

const version = 'U-Boot 2016.11 (Mar 20 2023 - 11:44:07 +0000)'
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))

test('the versions that a file holds, each once, and none of its first stage', () => {
  expect(ubootVersionsIn(bytes(`\xff\0U-Boot SPL 2016.11 (x)\0${version}hi3516ev300\0\x80U-Boot 2010.06-svn\0ver=${version}`))).toEqual([version, 'U-Boot 2010.06-svn'])
  expect(ubootVersionsIn(bytes('root:x:0:0:root:/root:/bin/bash\n# for U-Boot, see its pages'))).toEqual([])
})

test('the same number and the same build are the same, whatever stands behind', () => {
  expect(isSameUboot(`${version} hi3516ev300`, version)).toBe(true)
  expect(isSameUboot('U-Boot 2016.11', version)).toBe(true)
  expect(isSameUboot('U-Boot 2016.11 (Mar 21 2023 - 11:44:07 +0000)', version)).toBe(false)
  expect(isSameUboot('U-Boot 2010.06', version)).toBe(false)
  expect(isSameUboot('OpenIPC #', version)).toBe(false)
})

test('one spot that a line altered makes no other U-Boot, and a whole other date does', () => {
  expect(isNearlySameUboot('U-Boot 2016.11 (Mar 20 2023 - 1?:44:07 +0000)', version)).toBe(true)
  expect(isNearlySameUboot('U-Boot 2016.11 (Mar 20 2023 - 11:407 +0000)', version)).toBe(true)
  expect(isNearlySameUboot('U-Boot 2016.11 (Mar 21 2022 - 11:44:07 +0000)', version)).toBe(false)
  expect(isNearlySameUboot('U-Boot 2010.06 (Jan 07 2019 - 09:12:33)', version)).toBe(false)
})
