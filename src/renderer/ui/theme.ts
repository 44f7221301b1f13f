import { darkTheme, type GlobalTheme, type GlobalThemeOverrides } from 'naive-ui'
import tokensText from './tokens.css?raw'

export type ThemeName = 'dark' | 'light'
type Tokens = Readonly<Record<string, string>>

const valuesIn = (block: string): Tokens =>
  Object.fromEntries([...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name = '', value = '']) => [name, value.trim()]))

/** Both palettes out of the one file; light is what it changes of dark. */
export function readTokens(text: string = tokensText): Readonly<Record<ThemeName, Tokens>> {
  const [dark = '', light = ''] = text.split("[data-theme='light']")
  return { dark: valuesIn(dark), light: { ...valuesIn(dark), ...valuesIn(light) } }
}

export function naiveTheme(name: ThemeName): { readonly theme: GlobalTheme | null; readonly overrides: GlobalThemeOverrides } {
  const tokens = readTokens()[name]
  // Without the style sheet (a test that stubs CSS) the library must still get colours it can parse.
  const of = (token: string, otherwise = '#808080'): string => tokens[token] ?? otherwise
  const accent = of('accent')
  return {
    theme: name === 'dark' ? darkTheme : null,
    overrides: {
      common: {
        fontFamily: of('font-ui', 'sans-serif'), fontFamilyMono: of('font-mono', 'monospace'),
        fontSize: '13px', fontSizeSmall: '12px', fontSizeMedium: '13px', borderRadius: '4px', borderRadiusSmall: '4px',
        heightSmall: '24px', heightMedium: '28px', heightLarge: '32px',
        primaryColor: accent, primaryColorHover: accent, primaryColorPressed: accent, primaryColorSuppl: accent,
        bodyColor: of('bg'), cardColor: of('surface'), modalColor: of('surface'), popoverColor: of('raised'), inputColor: of('bg'),
        borderColor: of('line-strong'), dividerColor: of('line'),
        textColorBase: of('ink'), textColor1: of('ink'), textColor2: of('ink'), textColor3: of('ink-2'), placeholderColor: of('ink-3'),
        successColor: of('ok'), warningColor: of('warn'), errorColor: of('bad'), infoColor: of('busy'),
      },
      Input: { color: of('bg'), colorFocus: of('bg'), border: `1px solid ${of('line-strong')}`, borderHover: `1px solid ${of('ink-3')}`, borderFocus: `1px solid ${accent}`, boxShadowFocus: 'none', paddingMedium: '0 8px' },
      Select: { peers: { InternalSelection: { color: of('bg'), colorActive: of('bg'), border: `1px solid ${of('line-strong')}`, borderHover: `1px solid ${of('ink-3')}`, borderActive: `1px solid ${accent}`, borderFocus: `1px solid ${accent}`, placeholderColor: of('ink-3'), boxShadowFocus: 'none', boxShadowActive: 'none' } } },
      Checkbox: { color: of('bg'), border: `1px solid ${of('line-strong')}` },
    },
  }
}
