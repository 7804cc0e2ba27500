-- Reading texts: blanks go, full-width characters become plain ones, then the declared type or NULL.
create macro clean(t) as nullif(trim(t, e' \t\r\n\v\f' || chr(160) || chr(12288) || chr(65279)), '');
create macro fold(t) as clean(case when strlen(t) = length(t) then t else translate(t,
    '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～　',
    '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~ ') end);
create macro as_time(t) as try_strptime(t,
    ['%Y-%m-%d %H:%M:%S', '%Y/%m/%d %H:%M:%S', '%Y/%m/%d %H:%M', '%Y-%m-%d %H:%M']);
create macro as_date(t) as cast(try_strptime(t, ['%Y-%m-%d', '%Y/%m/%d', '%Y%m%d', '%Y年%m月%d日']) as date);
create macro as_integer(t) as case when regexp_full_match(t, '[+-]?[0-9]+(\.0+)?') then try_cast(t as integer) end;
create macro as_double(t) as case when isfinite(try_cast(t as double)) then try_cast(t as double) end;
create macro as_amount(t) as
    case when try_cast(t as decimal(38, 10)) = try_cast(t as decimal(18, 6)) then try_cast(t as decimal(18, 6)) end;
create macro as_boolean(t) as case
    when lower(t) in ('true', 't', 'yes', 'y', '1', '是') then true
    when lower(t) in ('false', 'f', 'no', 'n', '0', '否') then false end;
create macro unread(t, v) as t is not null and v is null;
create macro rules(found) as list_sort(list_distinct(list_filter(found, lambda rule: rule is not null)));

-- Tests and spellings that several feeds share.
create macro bad_uscc(c) as
    not regexp_full_match(c, '[0123456789ABCDEFGHJKLMNPQRTUWXY]{18}')
    or (31 - list_sum(list_transform(range(1, 18), lambda i:
        (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(c, i, 1)) - 1)
        * [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28][i])) % 31) % 31
        <> strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(c, 18, 1)) - 1;
create macro bad_doc_no(t) as not regexp_matches(t, '[〔﹝\[【（(][0-9]{4}[〕﹞\]】）)].*[0-9]+号$');
create macro holds_identity(t) as
    regexp_matches(t, '(^|[^0-9A-Za-z])[1-9][0-9]{5}(19|20)[0-9]{9}[0-9Xx]($|[^0-9A-Za-z])');
create macro normal_doc_no(t) as translate(replace(t, ' ', ''), '[]﹝﹞【】（）()', '〔〕〔〕〔〕〔〕〔〕');
create macro grid_code_15(c) as case when length(c) = 14 then substr(c, 1, 12) || '0' || substr(c, 13) else c end;
create macro month_of(t) as cast(date_trunc('month', t) as date);
create macro hour_of(t) as cast(date_trunc('hour', t) as timestamp);
create macro ratio(a, b) as cast(case when b > 0 then cast(a as double) / b end as decimal(9, 6));

-- Personal data.
create macro pseudonym(t, purpose) as case when t is not null then 'P' || substr(sha256(getvariable('pseudonym_key')
    || ':outer:' || sha256(getvariable('pseudonym_key') || ':' || purpose || ':' || t)), 1, 32) end;
create macro mask_name(n) as case
    when n is null then null
    when length(n) > 2 and substr(n, 1, 2) in (
        '欧阳', '太史', '端木', '上官', '司马', '东方', '独孤', '南宫', '万俟', '闻人', '夏侯', '诸葛', '尉迟', '公羊', '赫连',
        '澹台', '皇甫', '宗政', '濮阳', '公冶', '太叔', '申屠', '公孙', '慕容', '仲孙', '钟离', '长孙', '宇文', '司徒', '鲜于',
        '司空', '闾丘', '子车', '亓官', '司寇', '巫马', '公西', '颛孙', '壤驷', '公良', '漆雕', '乐正', '宰父', '谷梁', '拓跋',
        '夹谷', '轩辕', '令狐', '段干', '百里', '呼延', '东郭', '南门', '羊舌', '微生', '公户', '公玉', '公仪', '梁丘', '公仲',
        '公上', '公门', '公山', '公坚', '左丘', '公伯', '西门', '公祖', '第五', '公乘', '贯丘', '公皙', '南荣', '东里', '东宫',
        '仲长', '子书', '子桑', '即墨', '达奚', '褚师', '纳兰', '完颜', '爱新')
        then substr(n, 1, 2) || '**'
    when length(n) < 2 then '*'
    else substr(n, 1, 1) || '*' end;
create macro mask_text(t) as
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        translate(t, '０１２３４５６７８９', '0123456789'),
        '([1-9][0-9]{2})[0-9]{11}([0-9]{3}[0-9Xx])', '\1***********\2', 'g'),
        '[0-9]{12,15}([0-9]{4})', '************\1', 'g'),
        '([1-9][0-9]{2})[0-9]{8}([0-9]{4})', '\1********\2', 'g'),
        '(1[3-9][0-9])[ -]?[0-9]{4}[ -]?([0-9]{4})', '\1****\2', 'g'),
        '(0[0-9]{2,3})[ -]?[0-9]{4,5}([0-9]{3})', '\1-****\2', 'g'),
        '([A-Za-z0-9])[A-Za-z0-9._-]*@[A-Za-z0-9.-]+', '\1***@***', 'g'),
        '([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z])[·• .-]?[A-Z0-9]{2,3}([A-Z0-9]{3})', '\1·***\2', 'g'),
        '[0-9]+(号|栋|幢|单元|室)', '**\1', 'g');
create macro mask_text_of(t, n) as
    case when length(n) >= 2 then replace(mask_text(t), n, mask_name(n)) else mask_text(t) end;
