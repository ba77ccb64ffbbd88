/**
 * The words of questions and statements that say nothing about what a text is about, by language: articles, pronouns,
 * prepositions, question words and forms of "be", "have" and "do". Without accents, as `words` gives them.
 */
const LISTS: Readonly<Record<string, string>> = {
  de: `aber alle als also am an auch auf aus bei bin bis bist da damit dann das dass dein deine dem den denn der des dich die dies
    diese dieser dieses dir doch dort du durch ein eine einem einen einer eines er es euch euer fur gegen gibt hab habe haben hat hatte
    hier ich ihm ihn ihr ihre im in ins ist ja kann kein keine mal man mein meine meinem meinen meiner mich mir mit muss nach nicht noch
    nun nur ob oder sein seine sich sie sind so soll uber um und uns unser unter viel vom von vor war warum was weil welche welchem
    welchen welcher welches wem wen wenn wer werde werden wie wieder wieviel will wir wird wo wohin woher zu zum zur`,
  fr: `a ai as au aux avec ce ces cet cette c chez combien comme comment d dans de des du elle elles en es est et eux il ils j je l la le
    les leur leurs lui m ma mais me mes moi mon n ne nos notre nous on ou par pas pour pourquoi qu quand que quel quelle quelles quels qui
    quoi s sa sans se ses si son sont sur t ta te tes toi ton tu un une vos votre vous y etre ete etait suis sommes etes ont avons avez`,
  es: `a al algo como con cual cuales cuando cuanta cuantas cuanto cuantos de del desde donde el ella ellas ellos en era eres es esa ese
    esta este esto estoy fue ha hay he la las le les lo los me mi mis mucho muy nada ni no nos nuestra nuestro o para pero por porque que
    quien quienes se ser si sin sobre son soy su sus tambien te tengo ti tiene tu tus un una unas uno unos y ya yo`,
  it: `a ad agli ai al alla alle allo anche c che chi ci come con cosa cui da dagli dai dal dalla dalle dei del della delle dello di dove e
    era gli ha hai hanno ho i il in io l la le lei lo loro lui ma mi mia mie miei mio ne nei nel nella nelle no noi non nostra nostro o per
    perche piu qual quale quali quando quanta quante quanti quanto quella quello questa questo s se sei si siamo sono su sua sue sul
    sulla suo suoi ti tu tua tuo un una uno vi voi`,
  pt: `a ao aos as ate com como d da das de dela dele do dos e ela elas ele eles em era es esta estao estou eu foi ha isso isto ja lhe lhes
    mais mas me meu meus minha minhas muito na nao nas nem no nos nossa nosso num numa o onde os ou para pela pelo por porque qual quais
    quando quanta quantas quanto quantos que quem se sem ser seu seus so sou sua suas tambem te tem tenho teu tu tua um uma umas uns voce
    voces`,
  nl: `aan al als bij dan dat de den der deze die dit doch door dus een en er ge geen haar had heb hebben heeft hem het hier hij hoe hoeveel
    hun ik in is ja je jij jou jouw kan me men met mij mijn naar niet nog nu of om omdat onder ons onze ook op over te tegen toch toen tot u
    uit uw van veel voor waar waarom wanneer want waren was wat welk welke werd wie wij wordt ze zelf zich zij zijn zo zou`,
  ru: `а без бы был была были было в вам вас во вот вы где да для до его ее если есть еще же за зачем и из или им их к как какая какие каким
    какой ко когда кто ли меня мне мной мое моего моей мои мой моя мы на над нам нас не него нее нет ни них но о об он она они оно от по
    почему при про с сам свои свой себя сколько со так там то тоже только ты у уже чего чей чем что чтобы эта эти это этот я`,
};

/** Function words by language. */
export const STOP_WORDS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(LISTS).map(([language, list]) => [language, list.trim().split(/\s+/)]),
);

/** Function words in Japanese and Chinese are runs of these, of which pairs of characters are made. */
export const IDLE_PAIR =
  /^(?:[\p{Script=Hiragana}ー]{1,2}|[的了是在我你他她们吗呢么什怎这那哪有和很不也都就几谁啊吧个]{1,2})$/u;
